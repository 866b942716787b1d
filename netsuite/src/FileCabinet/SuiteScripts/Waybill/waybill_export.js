/**
 * Tells Waybill every purchase order that is open for receiving, and again whenever it changed: whole purchase orders, in
 * files that appear complete. What was told is noted only when its file was seen on the server, so a run that ends
 * anywhere tells again what is not noted, and loses nothing.
 *
 * @NApiVersion 2.1
 * @NScriptType MapReduceScript
 * @NModuleScope SameAccount
 */
define([
    'N/format', 'N/log', 'N/search', './account/checksum', './account/export_state', './account/purchase_orders',
    './account/settings', './account/sftp_folder', './rules/purchase_orders', './rules/texts',
], (format, log, search, checksum, exportState, purchaseOrders, settings, sftpFolder, rules, texts) => {
    const PREFIX = 'exp';
    /** Well below the 10 MB that a script can put into a file, and no more than a stage can note. */
    const MOST = { bytes: 5 * 1000 * 1000, orders: 500 };
    /** Dates in filters are days of an account's zone; two days are more than any zone is away from any other. */
    const OVERLAP_MS = 2 * 24 * 60 * 60 * 1000;
    const HOUR_MS = 60 * 60 * 1000;
    /** In the names of files that tell everything. */
    const FULL = '-all';
    /** NetSuite ends a last stage after an hour. */
    const LONGEST_RUN_MS = 2 * HOUR_MS;
    const LONGEST_PROBLEM = 1000;
    /** The file format has no word for these: a purchase order is the lines that it has. */
    const END_IT = 'end it in Waybill (waybill po close, or cancel where nothing came), then delete its row in Waybill Export';
    const EMPTY = `it was told as open, and no line with an item is left of it: ${END_IT}`;
    const GONE = `it was told as open, and is deleted, or out of sight of this script's role: ${END_IT}`;
    const LOOK_UNITS = 20;
    const NEXT_RUN = 'the rest waits for the next run';

    /**
     * The purchase orders to look at.
     *
     * @returns {object} a search, which NetSuite iterates itself, without limits and without cost
     */
    function getInputData() {
        const isFull = settings.checked(PREFIX).isOn('tell_all');
        const since = isFull ? null : exportState.cursor();
        const owed = exportState.owed();
        const chosen = since ? changedSince(since) : ['status', 'anyof', rules.RECEIVABLE.map((letter) => `PurchOrd:${letter}`)];
        const orOwed = owed.length ? [chosen, 'OR', ['internalid', 'anyof', owed]] : chosen;
        return search.create({
            type: search.Type.PURCHASE_ORDER,
            filters: [['mainline', 'is', 'T'], 'AND', orOwed],
            columns: ['lastmodifieddate'],
        });
    }

    function changedSince(moment) {
        const day = new Date(moment.getTime() - OVERLAP_MS);
        return ['lastmodifieddate', 'onorafter', format.format({ value: day, type: format.Type.DATE })];
    }

    /**
     * Reads one purchase order and hands it on if it is to be told. One that cannot be told is handed on with its reason.
     *
     * @param {object} context of the map stage
     */
    function map(context) {
        const { id, values } = JSON.parse(context.value);
        const known = exportState.of(id);
        let due;
        try {
            due = dueOf(id, values.lastmodifieddate, known);
            if (due && due.isAgain) {
                // No change would show the runs by schedule what this one does not come to.
                exportState.noteAgain(known);
            }
        } catch (error) {
            due = problemOf(known, texts.shortened(error.message, LONGEST_PROBLEM));
        }
        if (due) {
            context.write({ key: String(id), value: JSON.stringify({ ...due, known }) });
        }
    }

    function problemOf(known, problem) {
        return { problem, isNew: !known || known.problem !== problem };
    }

    function dueOf(id, modified, known) {
        const order = purchaseOrders.read(id);
        if (!order && known && known.isOpen) {
            return problemOf(known, EMPTY);
        }
        const print = order ? checksum.sha256(rules.rowsText(order, '')) : '';
        const isAgain = Boolean(known && known.print) && settings.read(PREFIX).isOn('tell_all');
        if (order && (isAgain || isDue(order, print, known))) {
            const text = rules.rowsText(order, texts.isoMoment(changedAt(modified, known)));
            return { print, isOpen: rules.isOpen(order), text, isAgain };
        }
        return known && known.problem ? { settled: true } : null;
    }

    /** Never before the file that told it last: Waybill leaves aside what is older than what it was told. */
    function changedAt(modified, known) {
        const toldAt = known ? texts.stampedAt(known.file) : NaN;
        return new Date(Math.max(momentOf(modified), toldAt || 0));
    }

    /** The clock of a zone goes through one hour twice in autumn: of the moments that read so, the last that has come. */
    function momentOf(text) {
        const type = format.Type.DATETIME;
        const parsed = format.parse({ value: text, type }).getTime();
        const alike = [parsed - HOUR_MS, parsed, parsed + HOUR_MS].filter((moment) => (
            moment <= Date.now() && format.format({ value: new Date(moment), type }) === text));
        return alike.length ? Math.max(...alike) : parsed;
    }

    /** First when goods can be received; then at every change, so that Waybill learns of closing and receiving too. */
    function isDue(order, print, known) {
        return known && known.print ? known.print !== print : rules.isOpen(order);
    }

    /**
     * Writes the files and notes what they told; then says what went wrong, so that the script's owner is told.
     *
     * @param {object} summary of all stages
     * @throws {Error} something could not be told
     */
    function summarize(summary) {
        const due = collected(summary.output);
        const unread = complaintsOfStages(summary);
        const untold = told(due);
        const isAllNoted = noted(due);
        if (unread.length + untold.length === 0 && isAllNoted) {
            moveCursor(summary);
        }
        const complaints = [...unread, ...untold.filter((reason) => reason !== NEXT_RUN), ...newProblems(due), ...complaintsOfGone()];
        if (complaints.length) {
            throw new Error(complaints.join('\n'));
        }
    }

    /** The run of a deployment that tells everything has not looked for what changed. */
    function moveCursor(summary) {
        if (!settings.read(PREFIX).isOn('tell_all') && settings.affords(exportState.CURSOR_UNITS)) {
            exportState.moveCursor(new Date(summary.dateCreated));
        }
    }

    function complaintsOfStages(summary) {
        const found = summary.inputSummary.error ? [`search: ${summary.inputSummary.error}`] : [];
        summary.mapSummary.errors.iterator().each((key, error) => {
            found.push(`map ${key}: ${error}`);
            return true;
        });
        return found;
    }

    /** In the order of ids: NetSuite iterates in that of texts. */
    function collected(output) {
        const due = [];
        output.iterator().each((key, value) => {
            due.push({ id: key, ...JSON.parse(value) });
            return true;
        });
        return due.sort((left, right) => texts.byNumber(left.id, right.id));
    }

    /** Why not all of it was told; empty when it was. */
    function told(due) {
        const toTell = due.filter(({ text }) => text);
        try {
            return toTell.length === 0 || tell(toTell) ? [] : [NEXT_RUN];
        } catch (error) {
            return [`upload: ${error.name}: ${error.message}`];
        }
    }

    /** Whether the governance units sufficed for all of it. */
    function tell(toTell) {
        const given = settings.checked(PREFIX);
        const folder = given.get('folder');
        const connection = sftpFolder.connect(given);
        const isFull = given.isOn('tell_all');
        const nextName = names(sweep(connection, folder, isFull), isFull);
        return rules.batches(toTell, MOST).every((batch) => {
            const isAffordable = settings.affords(sftpFolder.PUBLISH_UNITS + batch.length * exportState.SAVE_UNITS);
            if (isAffordable) {
                tellBatch(connection, folder, nextName(), batch);
            } else {
                log.audit({ title: NEXT_RUN, details: `from purchase order ${batch[0].id}` });
            }
            return isAffordable;
        });
    }

    function tellBatch(connection, folder, name, batch) {
        sftpFolder.publish(connection, folder, name, sealed(batch), { replaces: false });
        batch.forEach(({ id, known, ...one }) => exportState.noteTold(id, known, one, name));
        log.audit({ title: name, details: `${batch.length} purchase orders` });
    }

    /** Notes and tells what is gone; an error of this look stops nothing else. */
    function complaintsOfGone() {
        try {
            const lost = gone();
            noted(lost);
            return newProblems(lost);
        } catch (error) {
            return [`look for purchase orders that are gone: ${error.name}: ${error.message}`];
        }
    }

    /** What was told as open and is there no more: no search for changes finds it. */
    function gone() {
        const found = [];
        for (let start = 0, isLast = false; !isLast && settings.affords(LOOK_UNITS); start += exportState.PAGE) {
            const page = exportState.toldOpen(start);
            const there = purchaseOrders.thereOf(page.map(({ orderId }) => orderId));
            found.push(...page.filter(({ orderId }) => !there.has(orderId)));
            isLast = page.length < exportState.PAGE;
        }
        return found.map((known) => ({ id: known.orderId, known, ...problemOf(known, GONE) }));
    }

    /** Removes what a run left that ended in the middle of an upload, and returns the names that are taken. */
    function sweep(connection, folder, isFull) {
        const found = sftpFolder.list(connection, `${folder}/WB-PO-*`).map(({ name }) => name);
        // Two runs of one deployment never meet, but one of the other deployment may be uploading at this moment.
        const isOver = (name) => name.includes(FULL) === isFull || Date.now() - texts.stampedAt(name) > LONGEST_RUN_MS;
        const isLeft = (name) => name.endsWith('.csv.tmp') && isOver(name);
        // One a run: the next runs take the others, and no number of them exhausts the units.
        found.filter(isLeft).slice(0, 1).forEach((name) => connection.removeFile({ path: `${folder}/${name}` }));
        return new Set(found);
    }

    /** Two runs of one deployment never meet; those of the two deployments may, in the same second. */
    function names(taken, isFull) {
        const start = `${texts.stamp(new Date())}${isFull ? FULL : ''}`;
        let number = 0;
        return () => {
            do {
                number += 1;
            } while (taken.has(`WB-PO-${start}-${number}.csv`));
            return `WB-PO-${start}-${number}.csv`;
        };
    }

    function sealed(batch) {
        const body = rules.fileBody(batch.map(({ text }) => text));
        return body + rules.trailer(body, checksum.sha256(body));
    }

    /** Problems are told once, when they are new; until they are settled they stand in the custom record. */
    function newProblems(due) {
        return due.filter(({ problem, isNew }) => problem && isNew).map(({ id, problem }) => `purchase order ${id}: ${problem}`);
    }

    /** Whether the governance units sufficed to note them all. */
    function noted(due) {
        const changed = due.filter(({ problem, isNew, settled }) => (problem && isNew) || settled);
        return changed.every(({ id, known, problem }) => {
            const isAffordable = settings.affords(exportState.SAVE_UNITS);
            if (isAffordable) {
                exportState.noteProblem(id, known, problem || '');
            }
            return isAffordable;
        });
    }

    return { getInputData, map, summarize };
});
