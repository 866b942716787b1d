/** An SFTP server: folders, files with their bytes, and one user. */
const { SuiteScriptError } = require('./errors');

const HOST_KEY = 'AAAAE2VjZHNhLXNoYTItbmlzdHAyNTY=';

class SftpServer {
    constructor() {
        this.host = 'sftp.example.com';
        this.hostKey = HOST_KEY;
        this.folders = new Set(['', 'netsuite', 'netsuite/purchaseorder', 'netsuite/purchaseorder/fulfillment',
            'netsuite/purchaseorder/receipt', 'netsuite/purchaseorder/reconciliation']);
        this.files = new Map();
        this.isReplacing = false;
        /** Entries that one list tells at most. */
        this.mostEntries = 2000;
    }

    /** The path as the server has it, from one that starts at a connection's directory. */
    static join(...parts) {
        return parts.join('/').split('/').filter((part) => part && part !== '.').join('/');
    }

    put(path, content) {
        this.files.set(path, Buffer.from(content));
    }

    text(path) {
        return this.files.get(path).toString('utf8');
    }

    /** The names of the files in a folder. */
    names(folder) {
        return [...this.files.keys()].filter((path) => parentOf(path) === folder).map(nameOf).sort();
    }

    needFolder(folder, error) {
        if (!this.folders.has(folder)) {
            throw new SuiteScriptError(error, `${folder} does not exist`);
        }
    }

    list(path) {
        const isFolder = this.folders.has(path);
        const folder = isFolder ? path : parentOf(path);
        this.needFolder(folder, 'FTP_NO_SUCH_FILE_OR_DIRECTORY');
        const pattern = isFolder ? /^/ : glob(nameOf(path));
        const folders = [...this.folders].filter((each) => each && parentOf(each) === folder).map(nameOf);
        const entries = [
            ...['.', '..', ...folders].map((name) => ({ name, directory: true, size: 4096 })),
            ...this.names(folder).map((name) => ({ name, directory: false, size: this.files.get(`${folder}/${name}`).length })),
        ];
        return entries.filter(({ name }) => pattern.test(name)).sort((a, b) => (a.name < b.name ? -1 : 1)).slice(0, this.mostEntries);
    }

    read(path) {
        if (!this.files.has(path)) {
            throw new SuiteScriptError('FTP_NO_SUCH_FILE_OR_DIRECTORY', `${path} does not exist`);
        }
        return this.files.get(path);
    }

    write(path, content, isReplacing) {
        this.needFolder(parentOf(path), 'FTP_NO_SUCH_FILE_OR_DIRECTORY');
        if (this.files.has(path) && !isReplacing) {
            throw new SuiteScriptError('FTP_FILE_ALREADY_EXISTS', `${path} exists`);
        }
        this.put(path, content);
    }

    move(from, to) {
        const isRefused = this.files.has(to) && !this.isReplacing;
        if (!this.files.has(from) || isRefused || !this.folders.has(parentOf(to))) {
            throw new SuiteScriptError('FTP_INVALID_MOVE', `${from} cannot be moved to ${to}`);
        }
        this.put(to, this.files.get(from));
        this.files.delete(from);
    }

    remove(path) {
        this.read(path);
        this.files.delete(path);
    }

    makeFolder(path) {
        this.needFolder(parentOf(path), 'FTP_INVALID_DIRECTORY');
        this.folders.add(path);
    }
}

function parentOf(path) {
    return path.slice(0, Math.max(0, path.lastIndexOf('/')));
}

function nameOf(path) {
    return path.slice(path.lastIndexOf('/') + 1);
}

function glob(pattern) {
    const escaped = pattern.replace(/[.+^${}()|[\]\\]/g, '\\$&').replace(/\*/g, '.*').replace(/\?/g, '.');
    return new RegExp(`^${escaped}$`);
}

module.exports = { SftpServer, HOST_KEY };
