# Everybody who goes to sleep in one of these functions returns through somebody else's code: function graph tracing
# and return probes put their own address in place of the return address, a BPF trampoline calls the function itself.
# Not every kernel has each of them as a function of its own.
tracing=/sys/kernel/tracing
for name in hrtimer_nanosleep futex_wait do_sigtimedwait pipe_read inotify_read; do
	echo "r100:lab/$name $name" >>$tracing/kprobe_events && echo "kretprobe $name"
done >>/run/lab/hooks 2>/dev/null
echo 1 >$tracing/events/lab/enable
lab-bpf exit do_nanosleep do_sys_poll ep_poll wait_woken do_msgrcv >/run/lab/exits 2>/dev/null &
turns=0
until [ -s /run/lab/exits ] || [ $turns = 60 ]; do # it writes once, when all are attached
	sleep 1
	turns=$((turns + 1))
done
while read -r name; do echo "fexit $name"; done </run/lab/exits >>/run/lab/hooks
for name in do_wait ksys_read schedule_timeout schedule_hrtimeout_range __x64_sys_pause __x64_sys_epoll_wait do_semtimedop; do
	echo $name >>$tracing/set_ftrace_filter && echo "graph $name"
done >>/run/lab/hooks 2>/dev/null
echo function_graph >$tracing/current_tracer || die "no function graph"
grep -q graph /run/lab/hooks && grep -q kretprobe /run/lab/hooks && grep -q fexit /run/lab/hooks || die "hooks are missing"
