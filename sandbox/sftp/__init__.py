"""SFTP servers on this machine: the real OpenSSH, and one in this process that fails on demand."""
