/**
 * Writes what NetSuite holds of each purchase order line, for `waybill prove --netsuite FILE`. Run on demand. All of it is
 * written, or nothing: half a reconciliation would accuse the other half.
 *
 * @NApiVersion 2.1
 * @NScriptType MapReduceScript
 * @NModuleScope SameAccount
 */
define([
    'N/format', 'N/log', 'N/search', './account/item_receipts', './account/purchase_orders', './account/settings',
    './account/sftp_folder', './rules/purchase_orders', './rules/reconciliation', './rules/texts',
], (format, log, search, itemReceipts, purchaseOrders, settings, sftpFolder, orderRules, rules, texts) => {
    const PREFIX = 'rec';
    const DEFAULT_DAYS = 365;
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
     * Reads one purchase order with its item receipts.
     *
     * @param {object} context of the reduce stage
     */
    function reduce(context) {
        const order = purchaseOrders.read(context.key);
        if (order) {
            context.write({ key: context.key, value: rules.rowsText(order, itemReceipts.ofOrder(context.key)) });
        }
    }

    /**
     * Writes the files, numbered; only the first has a header, so that they can be put together.
     *
     * @param {object} summary of all stages
     * @throws {Error} something could not be read; then nothing is written
     */
    function summarize(summary) {
        const complaints = complaintsOfStages(summary);
        if (complaints.length) {
            throw new Error(`nothing was written:\n${complaints.join('\n')}`);
        }
        const parts = orderRules.batches(collected(summary.output), MOST).map((part) => part.map(({ text }) => text).join(''));
        const given = settings.checked(PREFIX);
        const connection = sftpFolder.connect(given);
        const start = `WB-RECON-${texts.stamp(new Date())}`;
        (parts.length ? parts : ['']).forEach((part, at) => {
            const name = `${start}-${at + 1}-of-${Math.max(1, parts.length)}.csv`;
            sftpFolder.publish(connection, given.get('folder'), name, (at ? '' : rules.header()) + part, { replaces: true });
            log.audit({ title: name, details: 'written' });
        });
    }

    function complaintsOfStages(summary) {
        const found = summary.inputSummary.error ? [`search: ${summary.inputSummary.error}`] : [];
        [summary.mapSummary, summary.reduceSummary].forEach((stage) => stage.errors.iterator().each((key, error) => {
            found.push(`purchase order ${key}: ${error}`);
            return true;
        }));
        return found;
    }

    function collected(output) {
        const found = [];
        output.iterator().each((key, value) => {
            found.push({ id: key, text: value });
            return true;
        });
        return found.sort((left, right) => texts.byNumber(left.id, right.id));
    }

    return { getInputData, map, reduce, summarize };
});
