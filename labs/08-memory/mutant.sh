# Wrong: the hog itself is put into the group, the shell that starts it is not.
sh -c 'cgroup-ctl --memory 20000000 --swap 0 -- hog; true'
