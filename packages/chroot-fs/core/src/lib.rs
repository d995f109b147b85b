//! The steps and the looking of chroot-fs; knows nothing of Node.
