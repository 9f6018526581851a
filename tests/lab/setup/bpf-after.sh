# Both processors spend their time in a BPF program that a probe of getpgid() runs.
lab-bpf spin __x64_sys_getpgid >/run/lab/spin 2>&1 &
turns=0
until [ -s /run/lab/spin ] || [ $turns = 60 ]; do
	sleep 1
	turns=$((turns + 1))
done
grep -q getpgid /run/lab/spin || die "no BPF program: $(cat /run/lab/spin)"
