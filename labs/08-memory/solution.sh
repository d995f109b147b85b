# The shell is limited; the hog is a child of it and so in the same group.
cgroup-ctl --memory 20000000 --swap 0 -- sh -c 'hog; echo "the hog ended with $?"'
