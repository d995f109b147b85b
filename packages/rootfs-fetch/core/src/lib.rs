//! The steps and the looking of rootfs-fetch; knows nothing of Node.
