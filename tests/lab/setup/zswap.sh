# zswap before zram0: a process for each compressor and each allocator that the kernel offers, whose memory is swapped out:
# machine code, noise, one letter all over, zeros. All processes have the same bytes, those of swap-data, in a buffer of dd's
# that never gets full. The last compressor stays: zswap takes what the workload swaps out as well.
data=/run/lab/swap-data
parameters=/sys/module/zswap/parameters
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
echo 1 >$parameters/enabled || die "no zswap"
number=0
for pool in zbud z3fold zsmalloc; do
	if [ -e $parameters/zpool ]; then
		echo $pool >$parameters/zpool || continue
	elif [ $pool != zsmalloc ]; then
		continue # the kernel has this one alone
	fi
	for algorithm in deflate 842 zstd lz4 lz4hc lzo-rle lzo; do
		echo "$algorithm" >$parameters/compressor || continue
		number=$((number + 1))
		group=/sys/fs/cgroup/swapped$number
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
		echo "$pid $pool $algorithm" >>/run/lab/swapped
	done
done
cat /run/lab/swapped /proc/swaps
grep -H . /sys/kernel/debug/zswap/* >/run/lab/zswap
cat /run/lab/zswap
swapon /mnt/disk/swapfile || die "no swap file any more"
