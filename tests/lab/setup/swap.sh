# A small zram device for each compressor that the kernel offers, filled by a process whose memory is swapped out: machine
# code, noise, one letter all over, zeros. All processes have the same bytes, those of swap-data, in a buffer of dd's that
# never gets full. A device is full before the next one is made. zram0 stays behind all of them: the kernel swaps nothing
# out while it has less than 64 free slots. The workload swaps to it.
data=/run/lab/swap-data
{
	head -c 65536 /bin/busybox
	head -c 32768 /dev/urandom
	head -c 32768 /dev/zero | tr '\0' Z
	head -c 32768 /dev/zero
	tail -c 32768 /bin/busybox
} >$data
bytes=$(wc -c <$data)
swapoff /mnt/disk/swapfile || die "no swapoff of the file"
echo +memory >/sys/fs/cgroup/cgroup.subtree_control || die "no memory controller"
for algorithm in $(tr -d '[]' </sys/block/zram0/comp_algorithm); do
	number=$(cat /sys/class/zram-control/hot_add)
	device=zram$number
	group=/sys/fs/cgroup/$device
	# Older kernels name compressors whose module is not loaded.
	echo "$algorithm" >/sys/block/$device/comp_algorithm || {
		echo $number >/sys/class/zram-control/hot_remove
		continue
	}
	swapoff /dev/zram0 || die "no swapoff of zram0" # what went there comes back: the device before it is full
	echo 160K >/sys/block/$device/disksize && mkswap /dev/$device >/dev/null && swapon /dev/$device || die "no swap on $device"
	swapon /dev/zram0 || die "no zram0 behind it"
	mkdir $group
	{
		cat $data
		exec sleep 100000
	} | sh -c "echo \$\$ >$group/cgroup.procs && exec dd ibs=4096 obs=1M of=/dev/null" 2>/dev/null &
	pid=$!
	turns=0
	until [ "$(sed -n 's/^rchar: //p' /proc/$pid/io)" -ge "$bytes" ] || [ $turns = 60 ]; do
		sleep 1
		turns=$((turns + 1))
	done
	turns=0
	until [ "$(sed -n 's/^VmSwap:[^0-9]*\([0-9]*\).*/\1/p' /proc/$pid/status)" -ge 100 ] || [ $turns = 20 ]; do
		if [ -e $group/memory.reclaim ]; then
			echo 4M >$group/memory.reclaim # ends with an error when there is less to be had
		else
			echo 0 >$group/memory.high
			echo max >$group/memory.high
		fi
		sleep 1
		turns=$((turns + 1))
	done 2>/dev/null
	echo "$pid $device $algorithm" >>/run/lab/swapped
done
cat /run/lab/swapped /proc/swaps
swapon /mnt/disk/swapfile || die "no swap file any more"
