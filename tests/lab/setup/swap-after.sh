# All of them are still swapped out: the test reads what each device has.
while read -r pid device algorithm; do
	grep -E '^VmSwap:[^0-9]*[0-9]{3} kB' /proc/$pid/status || die "$algorithm: pid $pid is not swapped out to $device"
done </run/lab/swapped
