# Two groups that compete for one CPU, then one with a quota.
cgroup-ctl --cpuset 0 --cpu-weight 100 -- spin light &
cgroup-ctl --cpuset 0 --cpu-weight 1000 -- spin heavy &
wait
cgroup-ctl --cpus 0.2 -- spin quota
