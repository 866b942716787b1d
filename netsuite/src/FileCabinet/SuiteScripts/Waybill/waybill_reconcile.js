/**
 * Writes what NetSuite holds of each purchase order line, for `waybill prove --netsuite FILE`. Run on demand. Each purchase
 * order is written, if only with the reason why it cannot be told: one that lacks would be accused, or believed.
 *
 * @NApiVersion 2.1
 * @NScriptType MapReduceScript
 * @NModuleScope SameAccount
 */
define([
    'N/format', 'N/log', 'N/search', './account/checksum', './account/item_receipts', './account/purchase_orders',
    './account/settings', './account/sftp_folder', './rules/purchase_orders', './rules/reconciliation', './rules/texts',
], (format, log, search, checksum, itemReceipts, purchaseOrders, settings, sftpFolder, orderRules, rules, texts) => {
    const PREFIX = 'rec';
    const DEFAULT_DAYS = 365;
    const LONGEST_PROBLEM = 1000;
    const DAY_MS = 24 * 60 * 60 * 1000;
    /** Purchase orders are not counted here: only their bytes, below the 10 MB that a script can put into a file. */
    const MOST = { bytes: 9 * 1000 * 1000, orders: Infinity };

    /**
     * The purchase orders to tell: those open, and those changed lately.
     *
     * @returns {object} a search
     */
    function getInputData() {
        const days = Number(settings.checked(PREFIX).get('days') || DEFAULT_DAYS);
        const since = format.format({ value: new Date(Date.now() - days * DAY_MS), type: format.Type.DATE });
        const open = ['status', 'anyof', orderRules.RECEIVABLE.map((letter) => `PurchOrd:${letter}`)];
        return search.create({
            type: search.Type.PURCHASE_ORDER,
            filters: [['mainline', 'is', 'T'], 'AND', [['lastmodifieddate', 'onorafter', since], 'OR', open]],
            columns: ['internalid'],
        });
    }

    /**
     * Hands each purchase order to the next stage, which has units enough for its receipts.
     *
     * @param {object} context of the map stage
     */
    function map(context) {
        context.write({ key: String(JSON.parse(context.value).id), value: '' });
    }

    /**
     * Reads one purchase order with its item receipts; or says why it cannot be told.
     *
     * @param {object} context of the reduce stage
     */
    function reduce(context) {
        const told = toldOf(context.key);
        if (told) {
            context.write({ key: context.key, value: JSON.stringify(told) });
        }
    }

    function toldOf(id) {
        try {
            const order = purchaseOrders.read(id);
            return order && { text: rules.rowsText(order, itemReceipts.ofOrder(id)) };
        } catch (error) {
            return unreadable(id, error.message);
        }
    }

    function unreadable(id, reason) {
        const problem = texts.shortened(reason, LONGEST_PROBLEM);
        return { text: rules.unreadableText(id, problem), problem };
    }

    /**
     * Writes the files, each whole by itself and sealed with which part of how many it is: some of them are no reconciliation.
     *
     * @param {object} summary of all stages
     * @throws {Error} nobody knows which purchase orders there are, and nothing is written; or some could not be told
     */
    function summarize(summary) {
        const complaints = complaintsOf(summary);
        if (complaints.length) {
            throw new Error(`nothing was written:\n${complaints.join('\n')}`);
        }
        const told = collected(summary);
        write(summary, told);
        const problems = told.filter(({ problem }) => problem).map(({ id, problem }) => `purchase order ${id}: ${problem}`);
        if (problems.length) {
            throw new Error(`written, with purchase orders that cannot be told:\n${problems.join('\n')}`);
        }
    }

    function write(summary, told) {
        const found = orderRules.batches(told, MOST).map((part) => part.map(({ text }) => text).join(''));
        const parts = found.length ? found : [''];
        const given = settings.checked(PREFIX);
        const connection = sftpFolder.connect(given);
        // What changes while the rows are read may be missing: the time tells up to when nothing is.
        const began = new Date(summary.dateCreated);
        parts.forEach((rows, at) => {
            const name = `WB-RECON-${texts.stamp(began)}-${at + 1}-of-${parts.length}.csv`;
            const contents = sealed(rules.unsealed(rows, at + 1, parts.length, began));
            sftpFolder.publish(connection, given.get('folder'), name, contents, { replaces: true });
            log.audit({ title: name, details: 'written' });
        });
    }

    function sealed(text) {
        return `${text}${checksum.sha256(text)}\n`;
    }

    /** Whatever stands in the way of knowing which purchase orders there are. */
    function complaintsOf(summary) {
        const found = summary.inputSummary.error ? [`search: ${summary.inputSummary.error}`] : [];
        summary.mapSummary.errors.iterator().each((key, error) => {
            found.push(`purchase order ${key}: ${error}`);
            return true;
        });
        return found;
    }

    /** In the order of ids; of one that a stage failed over, why. */
    function collected({ output, reduceSummary }) {
        const found = new Map();
        reduceSummary.errors.iterator().each((key, error) => {
            found.set(key, unreadable(key, error));
            return true;
        });
        // What was read in the end counts, though another try had failed.
        output.iterator().each((key, value) => {
            found.set(key, JSON.parse(value));
            return true;
        });
        return Array.from(found, ([id, told]) => ({ id, ...told })).sort((left, right) => texts.byNumber(left.id, right.id));
    }

    return { getInputData, map, reduce, summarize };
});
