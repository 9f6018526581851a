# All of them are still swapped out: the test reads what zswap has.
while read -r pid pool algorithm; do
	grep -E '^VmSwap:[^0-9]*[0-9]{3} kB' /proc/$pid/status || die "$pool, $algorithm: pid $pid is not swapped out"
done </run/lab/swapped
