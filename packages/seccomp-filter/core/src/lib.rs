//! The steps and the looking of seccomp-filter; knows nothing of Node.
