"""Files over SFTP: read, claimed, archived and published so that nobody ever meets half a file."""
