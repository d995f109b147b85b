//! The steps and the looking of caps; knows nothing of Node.
