# Both processors spend their time in a BPF program that a probe of getpgid() runs.
lab-bpf spin __x64_sys_getpgid >/run/lab/spin 2>&1 &
sleep 1
grep -q getpgid /run/lab/spin || die "no BPF program: $(cat /run/lab/spin)"
