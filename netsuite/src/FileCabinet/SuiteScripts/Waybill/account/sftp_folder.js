/**
 * A folder on the SFTP server: what lies in it, and files put there so that nobody ever reads half of one.
 *
 * @NApiVersion 2.1
 * @NModuleScope SameAccount
 */
define(['N/file', 'N/sftp', '../rules/texts'], (file, sftp, texts) => {
    const LIST_UNITS = 10;
    const MOVE_UNITS = 10;
    const DOWNLOAD_UNITS = 100;
    const UPLOAD_UNITS = 100;
    /** One upload, two looks, the removal of an older file, one move. */
    const PUBLISH_UNITS = UPLOAD_UNITS + 2 * LIST_UNITS + 2 * MOVE_UNITS;
    const DEFAULT_PORT = 22;

    /**
     * A connection, checked against the server's key.
     *
     * @param {object} settings as `settings.checked` returns them
     * @returns {object} an sftp.Connection whose paths start at the configured directory
     */
    function connect(settings) {
        const wanted = {
            url: settings.get('host'),
            port: Number(settings.get('port') || DEFAULT_PORT),
            username: settings.get('user'),
            hostKey: settings.get('host_key'),
            hostKeyType: settings.get('host_key_type'),
            keyId: settings.get('key'),
            secret: settings.get('secret'),
            passwordGuid: settings.get('password'),
            directory: settings.get('directory'),
        };
        const given = Object.entries(wanted).filter(([, value]) => value !== '');
        return sftp.createConnection(Object.fromEntries(given));
    }

    /**
     * What lies in a folder, by name; costs 10 units.
     *
     * @param {object} connection as `connect` returns it
     * @param {string} path a folder, or a folder and a pattern with `*`
     * @returns {Array<{name: string, directory: boolean, size: number}>} without `.` and `..`
     */
    function list(connection, path) {
        const entries = connection.list({ path, sort: sftp.Sort.NAME });
        return entries.filter(({ name }) => name !== '.' && name !== '..');
    }

    /**
     * Makes the folders that are missing below another.
     *
     * @param {object} connection as `connect` returns it
     * @param {string} folder where they belong
     * @param {string[]} names what is needed there
     */
    function ensureFolders(connection, folder, names) {
        const there = new Set(list(connection, folder).filter((entry) => entry.directory).map((entry) => entry.name));
        names.filter((name) => !there.has(name)).forEach((name) => connection.makeDirectory({ path: `${folder}/${name}` }));
    }

    /**
     * Puts a file into a folder: under a temporary name first, then by a rename, and looks whether it is there. Costs at
     * most `PUBLISH_UNITS`.
     *
     * @param {object} connection as `connect` returns it
     * @param {string} folder where it belongs
     * @param {string} name its final name
     * @param {string} contents its text
     * @param {{replaces: boolean}} options whether a file that has the name already is replaced; otherwise it is an error
     * @throws {Error} it is not certain that the whole file is there
     */
    function publish(connection, folder, name, contents, { replaces }) {
        const size = texts.utf8Length(contents);
        const temporary = `${name}.tmp`;
        const made = file.create({ name: temporary, fileType: file.Type.PLAINTEXT, contents, encoding: file.Encoding.UTF_8 });
        connection.upload({ directory: folder, filename: temporary, file: made, replaceExisting: true });
        const before = sizes(connection, `${folder}/${name}*`);
        expectSize(before, temporary, size);
        if (before.has(name) && !replaces) {
            throw new Error(`${name} is there already, from another run: nothing was told under its name`);
        }
        if (before.has(name)) {
            // Whether a move replaces a file is not documented.
            connection.removeFile({ path: `${folder}/${name}` });
        }
        connection.move({ from: `${folder}/${temporary}`, to: `${folder}/${name}` });
        expectSize(sizes(connection, `${folder}/${name}*`), name, size);
    }

    function sizes(connection, pattern) {
        return new Map(list(connection, pattern).map((entry) => [entry.name, Number(entry.size)]));
    }

    function expectSize(found, name, size) {
        if (found.get(name) !== size) {
            throw new Error(`${name} has ${found.get(name)} bytes on the server instead of ${size}`);
        }
    }

    return { LIST_UNITS, DOWNLOAD_UNITS, MOVE_UNITS, PUBLISH_UNITS, connect, list, ensureFolders, publish };
});
