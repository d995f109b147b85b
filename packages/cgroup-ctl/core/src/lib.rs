//! The steps and the looking of cgroup-ctl; knows nothing of Node.
