const { current } = require('../account');
const { SuiteScriptError } = require('../errors');
const { SftpServer } = require('../sftp_server');
const { File } = require('./file');

const LOGINS = ['keyId', 'secret', 'passwordGuid'];

class Connection {
    constructor(directory) {
        this.directory = directory;
    }

    path(...parts) {
        return SftpServer.join(this.directory, ...parts);
    }

    list({ path }) {
        return current().call('sftp.list', 10, () => current().sftp.list(this.path(path)));
    }

    download({ directory, filename }) {
        return current().call('sftp.download', 100, () => new File(filename, current().sftp.read(this.path(directory, filename))));
    }

    upload({ directory, filename, file, replaceExisting = false }) {
        return current().call('sftp.upload', 100, () => {
            current().sftp.write(this.path(directory, filename), file.bytes, replaceExisting);
        });
    }

    move({ from, to }) {
        return current().call('sftp.move', 10, () => current().sftp.move(this.path(from), this.path(to)));
    }

    removeFile({ path }) {
        return current().call('sftp.removeFile', 10, () => current().sftp.remove(this.path(path)));
    }

    makeDirectory({ path }) {
        return current().call('sftp.makeDirectory', 10, () => current().sftp.makeFolder(this.path(path)));
    }
}

function createConnection(options) {
    return current().call('sftp.createConnection', 0, () => {
        const { sftp } = current();
        const refusals = [
            [!options.url || !options.hostKey || !LOGINS.some((name) => options[name]), 'SSS_MISSING_REQD_ARGUMENT'],
            [options.passwordGuid && options.secret, 'MUTUALLY_EXCLUSIVE_ARGUMENTS'],
            [!(options.port >= 0 && options.port <= 65535), 'FTP_INVALID_PORT_NUMBER'],
            [options.url !== sftp.host, 'FTP_UNKNOWN_HOST'],
            [options.hostKey !== sftp.hostKey, 'FTP_INCORRECT_HOST_KEY'],
            [!sftp.folders.has(options.directory ?? ''), 'FTP_INVALID_DIRECTORY'],
        ];
        const [, name] = refusals.find(([isRefused]) => isRefused) || [];
        if (name) {
            throw new SuiteScriptError(name, 'the connection cannot be made');
        }
        return new Connection(options.directory ?? '');
    });
}

module.exports = { createConnection, Sort: { NAME: 'NAME', DATE: 'DATE', SIZE: 'SIZE' }, MAX_PORT_NUMBER: 65535 };
