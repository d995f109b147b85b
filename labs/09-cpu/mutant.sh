# Wrong: nothing makes the two meet on one CPU, so the weights have nothing to decide.
cgroup-ctl --cpu-weight 100 -- spin light &
cgroup-ctl --cpu-weight 1000 -- spin heavy &
wait
cgroup-ctl --cpus 0.2 -- spin quota
