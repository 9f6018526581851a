# Fifteen hundred tasks that sleep, in a few dozen different places.
many=0
while [ $many -lt 120 ]; do
	sleep 100000 &
	many=$((many + 1))
done
lab-many 1250 || die "no tasks"
