/** A script that ends after any call, and runs again: the same receipts, nothing lost, nothing twice. */
const { current, newAccount } = require('../fakes/account');
const support = require('./support');
const { ScriptEnd } = require('../fakes/errors');

const { FULFILLMENT, NOW, RECEIPT, ack, at, entry, exporter, importer, later, order, put, receipts, rows, run } = support;

// Files are given up a day after the time in their names.
beforeEach(() => at(NOW));

/** Runs a script in a new account, ended by the server after so many calls; returns how many calls it made. */
function ended(script, endAfter, prepare, options) {
    const { parameters } = current();
    const account = Object.assign(newAccount(), { parameters });
    prepare();
    endedAgain(script, endAfter, options);
    return account.calls.length;
}

/** The same in the account as it is. */
function endedAgain(script, endAfter, options) {
    current().endAfter = current().calls.length + endAfter;
    try {
        run(script, options);
    } catch (error) {
        expect(error).toBeInstanceOf(ScriptEnd);
    }
    current().endAfter = Infinity;
}

/** Runs a check for an end after each call, until the script comes to its own end. */
function atEachCall(script, prepare, check, options) {
    const all = ended(script, Infinity, prepare);
    expect(all).toBeGreaterThan(10);
    for (let calls = 1; calls <= all; calls += 1) {
        ended(script, calls, prepare, options);
        check(calls);
    }
}

describe('the importer', () => {
    const FILES = ['WB-RCPT-20261120T181500Z-1.json', 'WB-RCPT-20261120T181500Z-2.json'];
    let first;
    let second;

    function prepare() {
        first = order();
        second = order();
        put(FILES[0], [entry(first, 'A', { 1: '5' }), entry(second, 'B', { 1: '1', 4: '12' })]);
        put(FILES[1], [entry(first, 'C', { 1: '2', 4: '3' }), entry(second, 'D', { 9: '1' })]);
        put('WB-RCPT-20261120T181500Z-3.json', '[{');
    }

    function isComplete() {
        expect(receipts(first)).toEqual([['WB-RCPT-A', { 1: 5 }], ['WB-RCPT-C', { 1: 2, 4: 3 }]]);
        expect(receipts(second)).toEqual([['WB-RCPT-B', { 1: 1, 4: 12 }]]);
        const told = FILES.flatMap((name) => ack(name).results.map(({ receipt_id: id, result }) => [id, result]));
        const made = expect.stringMatching(/^(created|already)$/);
        expect(told).toEqual([['A', made], ['B', made], ['C', made], ['D', 'rejected']]);
        expect(ack('WB-RCPT-20261120T181500Z-3.json').problem).toMatch('no JSON');
        expect(current().sftp.names(RECEIPT)).toEqual([]);
        expect(current().sftp.names(`${RECEIPT}/ack`)).toHaveLength(3);
        expect(current().sftp.names(`${RECEIPT}/archive`)).toHaveLength(2);
        expect(current().sftp.names(`${RECEIPT}/error`)).toHaveLength(1);
    }

    test('ended after any call and run again: each receipt once, each file answered and put away', () => {
        atEachCall(importer, prepare, () => {
            expect(run(importer)).toEqual({ error: null });
            isComplete();
        });
    });

    test('ended after any call and resumed by the server in the same run, it comes to the same', () => {
        atEachCall(importer, prepare, isComplete, { resumes: true });
    });

    test('ended after any call, run again and ended there too, it comes to the same', () => {
        for (let calls = 3; calls <= 40; calls += 5) {
            ended(importer, calls, prepare);
            endedAgain(importer, 7);
            expect(run(importer)).toEqual({ error: null });
            isComplete();
        }
    });

    test('ended after any call with a receipt that shows in no search yet: its answer waits for it, the others stand', () => {
        const prepareHidden = () => {
            prepare();
            current().receive(first, { 1: 5 }, { externalId: 'WB-RCPT-A', isHidden: true });
        };
        atEachCall(importer, prepareHidden, () => {
            expect(run(importer).error).toMatch('not settled: receipt A: DUP_RCRD');
            expect(current().sftp.names(RECEIPT)).toEqual([FILES[0]]);
            expect(ack(FILES[0]).results.map(({ receipt_id: id, result }) => [id, result])).toEqual(
                [['B', expect.stringMatching(/^(created|already)$/)]],
            );
            current().receipts.forEach((receipt) => Object.assign(receipt, { isHidden: false }));
            expect(run(importer)).toEqual({ error: null });
            isComplete();
        });
    });

    test('an answer never tells of a receipt before it is there', () => {
        atEachCall(importer, prepare, () => {
            const answered = FILES.filter((name) => current().sftp.files.has(`${RECEIPT}/ack/${name.replace('.json', '.ack.json')}`));
            answered.forEach((name) => ack(name).results.filter(({ result }) => result !== 'rejected').forEach((told) => {
                const made = current().receipts.find(({ externalId }) => externalId === `WB-RCPT-${told.receipt_id}`);
                expect(told.item_receipt_id).toBe(made.id);
            }));
        });
    });
});

describe('the exporter', () => {
    let ids;

    function prepare() {
        ids = [order(), order(), order({ lines: [{ item: 'X', quantity: 1, unit: 'THIRD', unitRate: 3, location: null }] })];
        current().order({ lines: [{ item: 'Y', quantity: 1 / 3, unit: 'SEVENTH', unitRate: 7 }] });
    }

    /** Every purchase order that can be told stands in a complete file, and nothing else is visible. */
    function isComplete() {
        expect([...new Set(rows().map((row) => row.po_id))].sort()).toEqual(ids);
        current().sftp.names(FULFILLMENT).forEach((name) => expect(name).toMatch(/^WB-PO-\d{8}T\d{6}Z-\d+\.csv$/));
    }

    test('ended after any call and run again: every purchase order is told, in complete files', () => {
        atEachCall(exporter, prepare, () => {
            run(exporter);
            isComplete();
            const { length } = support.files();
            expect(run(exporter)).toEqual({ error: null });
            expect(support.files()).toHaveLength(length);
        });
    });

    test('ended after any call and resumed by the server in the same run, it comes to the same', () => {
        atEachCall(exporter, prepare, isComplete, { resumes: true });
    });

    test('nothing is noted as told before its file is on the server', () => {
        atEachCall(exporter, prepare, () => {
            const noted = current().customRecords.filter((row) => row.custrecord_wb_exp_file);
            noted.forEach((row) => expect(support.files()).toContain(row.custrecord_wb_exp_file));
        });
    });

    test('asked to tell everything again and ended after any call, it leaves the rest to the run by schedule', () => {
        const prepareAgain = () => {
            current().parameters.custscript_wb_exp_tell_all = false;
            prepare();
            run(exporter);
            support.files().forEach((name) => current().sftp.files.delete(`${FULFILLMENT}/${name}`));
            later(4 * 24 * 60);
            current().unitsOf = { summarize: 100 };
            current().parameters.custscript_wb_exp_tell_all = true;
        };
        atEachCall(exporter, prepareAgain, () => {
            current().parameters.custscript_wb_exp_tell_all = false;
            current().unitsOf = undefined;
            run(exporter);
            expect([...new Set(rows().map((row) => row.po_id))].sort()).toEqual(ids);
        }, { resumes: true });
    });

    test('a purchase order that could not be told stays owed, whatever ended', () => {
        atEachCall(exporter, prepare, () => {
            run(exporter);
            const owed = current().customRecords.filter((row) => row.custrecord_wb_exp_problem);
            expect(owed.map(({ name }) => name)).toEqual(['WB-PO-4410004']);
        });
    });
});
