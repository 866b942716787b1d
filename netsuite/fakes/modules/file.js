const { SuiteScriptError } = require('../errors');

const MOST_BYTES = 10 * 1024 * 1024;

/** A file in memory; what is larger than 10 MB can be held, but not read whole. */
class File {
    constructor(name, bytes) {
        this.name = name;
        this.size = bytes.length;
        this.bytes = bytes;
    }

    getContents() {
        needSmall(this.bytes);
        return this.bytes.toString('utf8');
    }
}

function needSmall(bytes) {
    if (bytes.length > MOST_BYTES) {
        throw new SuiteScriptError('SSS_FILE_CONTENT_SIZE_EXCEEDED', 'The file content you are attempting to access exceeds 10 MB.');
    }
}

function create({ name, fileType, contents, encoding }) {
    if (!name || !fileType || encoding !== 'UTF-8') {
        throw new SuiteScriptError('SSS_MISSING_REQD_ARGUMENT', 'name, fileType and, for the bytes to be certain, encoding');
    }
    const bytes = Buffer.from(contents, 'utf8');
    needSmall(bytes);
    return new File(name, bytes);
}

module.exports = { File, create, Type: { PLAINTEXT: 'PLAINTEXT', CSV: 'CSV', JSON: 'JSON' }, Encoding: { UTF_8: 'UTF-8' } };
