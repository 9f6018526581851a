# The memory guard samples no more: an object that it freed stays as it is.
[ ! -e /sys/module/kfence/parameters/sample_interval ] || echo 0 >/sys/module/kfence/parameters/sample_interval
# A process that a memory cgroup pays for: its pages, those of a file that it read first, its stack.
echo +memory >/sys/fs/cgroup/cgroup.subtree_control || die "no memory controller"
echo +memory >/sys/fs/cgroup/lab/cgroup.subtree_control || die "no memory controller in lab"
mkdir /sys/fs/cgroup/lab/charged
head -c 40960 /bin/busybox >/mnt/disk/charged && sync && echo 1 >/proc/sys/vm/drop_caches
sh -c 'echo $$ >/sys/fs/cgroup/lab/charged/cgroup.procs && exec sh -c "cat /mnt/disk/charged >/dev/null; exec sleep 100000"' &
echo $! >/run/lab/charged
# Of each slab cache what the kernel says of it in sysfs; an alias is a link.
for cache in /sys/kernel/slab/*; do
	[ -L "$cache" ] && continue
	cd "$cache" && echo "${cache##*/} $(cat object_size slab_size objs_per_slab order red_zone poison store_user | tr '\n' ' ')"
done >/run/lab/slab-caches
cd /
# Memory blocks: name, state, number and the zones that each is in.
for block in /sys/devices/system/memory/memory[0-9]*; do
	echo "${block##*/} $(cat $block/state $block/phys_index | tr '\n' ' ')$(ls -d $block/node[0-9]*)"
done >/run/lab/memory-blocks
