//! The steps and the looking of ns-unshare; knows nothing of Node.
