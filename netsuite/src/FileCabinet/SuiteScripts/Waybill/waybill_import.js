/**
 * Makes an item receipt of each receipt in Waybill's files, exactly once, and answers each file. A file is put away only after
 * its answer is on the server, so a run that ends anywhere is repeated; receipts that are there already are found. A file with a
 * receipt of which nobody knows what became stays for the next run, and its other receipts are answered.
 *
 * @NApiVersion 2.1
 * @NScriptType MapReduceScript
 * @NModuleScope SameAccount
 */
define([
    'N/log', './account/checksum', './account/export_state', './account/item_receipts', './account/purchase_orders', './account/settings',
    './account/sftp_folder', './rules/acknowledgments', './rules/receipt_files', './rules/texts',
], (log, checksum, exportState, itemReceipts, purchaseOrders, settings, sftpFolder, acknowledgments, receiptFiles, texts) => {
    const PREFIX = 'imp';
    /** Files of one run: as many as the last stage can answer with its 10,000 units. */
    const MOST_FILES = 50;
    const FOLDERS = ['ack', 'archive', 'error'];
    /** NetSuite ends a reduce after 15 minutes. */
    const MOST_MS = 10 * 60 * 1000;
    const NEXT_RUN = 'the rest waits for the next run';
    const LONGEST_PROBLEM = 1000;
    const EACH_UNITS = itemReceipts.RECEIPT_UNITS + purchaseOrders.QUERY_UNITS;

    /**
     * Reads the files. Where there are more than a run can try, the next one begins behind the last that was tried: no number
     * of files that cannot be read, or settled, keeps another from its turn.
     *
     * @returns {Array<object>} a task for each file, so that each is known in the end, and one for each receipt
     */
    function getInputData() {
        const given = settings.checked(PREFIX);
        checkZone(given.get('time_zone'));
        const connection = sftpFolder.connect(given);
        const found = sftpFolder.list(connection, given.get('folder'))
            .filter(({ name, directory }) => !directory && name.endsWith('.json'));
        const last = found.length > MOST_FILES ? exportState.lastTried() : null;
        const waiting = inTurn(found, last && last.print);
        const files = [];
        let places = MOST_FILES;
        while (waiting.length > files.length && places > 0 && settings.affords(sftpFolder.DOWNLOAD_UNITS + exportState.SAVE_UNITS)) {
            const told = tasksOf(connection, given.get('folder'), waiting[files.length]);
            files.push(told);
            places -= told[0].unread ? 0 : 1;
        }
        if (waiting.length > files.length) {
            exportState.noteTried(last, waiting[files.length - 1].name);
        }
        return files.flat();
    }

    /** Found out later, it would be an error of each receipt, and refuse them all. */
    function checkZone(timeZone) {
        const [problem] = attempt(`custscript_wb_imp_time_zone '${timeZone}'`, () => itemReceipts.dayOf(new Date(), timeZone));
        if (problem) {
            throw new Error(problem);
        }
    }

    /** From the one behind the last on, then from the oldest on; those without a time in their names count as newest. */
    function inTurn(found, last) {
        const sorted = [...found].sort(byAge);
        const next = Math.max(0, last ? sorted.findIndex((entry) => byAge(entry, { name: last }) > 0) : 0);
        return [...sorted.slice(next), ...sorted.slice(0, next)];
    }

    function byAge(left, right) {
        return hasNoTime(left) - hasNoTime(right) || texts.byNumber(left.name, right.name);
    }

    function hasNoTime({ name }) {
        return Number(Number.isNaN(texts.stampedAt(name)));
    }

    function tasksOf(connection, folder, entry) {
        try {
            const content = entry.size > receiptFiles.MOST_BYTES
                ? null
                : connection.download({ directory: folder, filename: entry.name }).getContents();
            return tasks(entry, content);
        } catch (error) {
            // It is moved away, or cannot be had at the moment: the other files go on, and this one has its turn in the next run.
            log.error({ title: `${entry.name} cannot be read`, details: error });
            return [{ file: entry.name, index: null, unread: `${error.name}: ${error.message}` }];
        }
    }

    function tasks(entry, content) {
        const { problem, receipts } = content === null
            ? receiptFiles.unreadable(`the file has ${entry.size} bytes, more than ${receiptFiles.MOST_BYTES}, and was not read`)
            : receiptFiles.read(content);
        const file = { file: entry.name, sha256: checksum.sha256(content || ''), total: receipts.length, problem };
        return [{ ...file, index: null }, ...receipts.map((receipt, index) => ({ ...file, index, receipt }))];
    }

    /**
     * Brings the receipts of a purchase order together, so that no two of them are made at a time.
     *
     * @param {object} context of the map stage
     */
    function map(context) {
        const task = JSON.parse(context.value);
        const key = task.receipt && task.receipt.orderId;
        context.write({ key: key || `file ${task.file}`, value: context.value });
    }

    /**
     * Makes the receipts of one purchase order in the order of the files, and hands on what became of each.
     *
     * @param {object} context of the reduce stage
     */
    function reduce(context) {
        const began = Date.now();
        const waiting = context.values.map((value) => JSON.parse(value)).sort(inOrder);
        const toMake = waiting.filter(({ receipt }) => receipt && !receipt.refusal);
        const known = toMake.length ? itemReceipts.lookUp(toMake.map(({ receipt }) => receipt.receiptId)) : new Map();
        const isInTime = () => settings.affords(EACH_UNITS) && Date.now() - began < MOST_MS;
        const rows = waiting.map((task) => (
            { ...task, ...(isInTime() ? settled(task, known) : { left: true }), receipt: undefined }));
        rows.forEach((row) => context.write({ key: row.file, value: JSON.stringify(row) }));
        const left = rows.find((row) => row.left);
        if (left) {
            log.audit({ title: NEXT_RUN, details: `from ${left.file}, purchase order ${context.key}` });
        }
    }

    function inOrder(left, right) {
        return texts.byNumber(left.file, right.file) || left.index - right.index;
    }

    function settled({ receipt }, known) {
        if (!receipt) {
            return {};
        }
        const outcome = outcomeOf(receipt, known);
        if (outcome.unsettled) {
            return { unsettled: `receipt ${receipt.receiptId}: ${outcome.unsettled}` };
        }
        if (outcome.itemReceiptId) {
            known.set(receipt.receiptId, { itemReceiptId: outcome.itemReceiptId, orderId: receipt.orderId });
        }
        const poStatus = purchaseOrders.statusOf(receipt.orderId);
        return { result: acknowledgments.resultOf(receipt, { ...outcome, poStatus }) };
    }

    function outcomeOf(receipt, known) {
        if (receipt.refusal) {
            return { result: 'rejected', reason: receipt.refusal };
        }
        return known.has(receipt.receiptId)
            ? itemReceipts.already(receipt, known.get(receipt.receiptId))
            : itemReceipts.make(receipt, settings.read(PREFIX).get('time_zone'));
    }

    /**
     * Answers what is settled of each file, and puts away those of which all is; the others have their turn in the next run.
     *
     * @param {object} summary of all stages
     * @throws {Error} something could not be carried out
     */
    function summarize(summary) {
        const told = answers(summary.output);
        const unread = told.filter((row) => row.unread);
        const complaints = [
            ...complaintsOfStages(summary), ...unread.map((row) => `${row.file} cannot be read: ${row.unread}`)];
        const files = acknowledgments.byFile(told.filter((row) => !row.unread));
        if (files.length) {
            const given = settings.checked(PREFIX);
            const folder = given.get('folder');
            const connection = sftpFolder.connect(given);
            complaints.push(...attempt('folders', () => sftpFolder.ensureFolders(connection, folder, FOLDERS)));
            files.forEach((file) => complaints.push(...attempt(file.file, () => answer(connection, folder, file))));
        }
        if (complaints.length) {
            throw new Error(complaints.join('\n'));
        }
    }

    function complaintsOfStages(summary) {
        const found = summary.inputSummary.error ? [`files: ${summary.inputSummary.error}`] : [];
        [summary.mapSummary, summary.reduceSummary].forEach((stage) => stage.errors.iterator().each((key, error) => {
            found.push(`${key}: ${error}`);
            return true;
        }));
        return found;
    }

    function answers(output) {
        const found = [];
        output.iterator().each((key, value) => {
            found.push(JSON.parse(value));
            return true;
        });
        return found;
    }

    /** What went wrong in an action; nothing stops those after it. */
    function attempt(name, action) {
        try {
            action();
            return [];
        } catch (error) {
            return [`${name}: ${error.name}: ${error.message}`];
        }
    }

    function answer(connection, folder, told) {
        if (!settings.affords(sftpFolder.PUBLISH_UNITS + sftpFolder.MOVE_UNITS)) {
            log.audit({ title: NEXT_RUN, details: told.file });
            return;
        }
        const now = new Date();
        const { results, place, open } = acknowledgments.decide(told, now);
        if (results) {
            const text = acknowledgments.text(told, results, texts.isoMoment(now));
            sftpFolder.publish(connection, `${folder}/ack`, acknowledgments.nameOf(told.file), text, { replaces: true });
        }
        if (place) {
            // A name of its own: whether a move replaces a file is not documented.
            connection.move({ from: `${folder}/${told.file}`, to: `${folder}/${place}/${texts.stamp(now)}-${told.file}` });
        }
        log.audit({ title: told.file, details: told.problem || `${told.results.length} receipts` });
        tellUnsettled(told.file, open, place);
    }

    /** Whoever owns the script has to hear of it each time: nobody else sees that a file cannot be finished. */
    function tellUnsettled(file, open, place) {
        if (open.length) {
            const what = place ? `given up, and put into ${place}` : 'it stays for the next run';
            const reasons = texts.shortened(open.join('; '), LONGEST_PROBLEM);
            log.error({ title: `${file}: ${what}`, details: `not settled: ${reasons}` });
            throw new Error(`${what}; not settled: ${reasons}`);
        }
    }

    return { getInputData, map, reduce, summarize };
});
