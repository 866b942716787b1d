/** What the importer refuses, and what it leaves open: `rejected` is a promise that NetSuite has none of the receipt. */
const { current } = require('../fakes/account');
const { ScriptEnd } = require('../fakes/errors');
const { NOW, RECEIPT, ack, answers, at, entry, expectFound, imported, importer, later, order, put, receipts, run } = require('./support');

const NAME = 'WB-RCPT-20261120T181500Z-1.json';

beforeEach(() => at(NOW));

describe('a receipt that a run made before it was ended, and that no search shows yet', () => {
    /** The server ends the run right after its first save. */
    function endedAfterSave(options) {
        const account = current();
        const save = account.saveReceipt.bind(account);
        account.saveReceipt = (receipt) => {
            account.saveReceipt = save;
            account.endAfter = account.calls.length;
            return save({ ...receipt, isHidden: true });
        };
        try {
            return run(importer, options);
        } catch (error) {
            expect(error).toBeInstanceOf(ScriptEnd);
            account.endAfter = Infinity;
            return run(importer, options);
        }
    }

    const AGAIN = [['by the next run', {}], ['by the server in the same run', { resumes: true }]];

    describe.each(AGAIN)('and is tried again %s', (_, options) => {
        test.each([
            ['nothing is left of its purchase order', { 1: '20', 4: '12' }, 'INVALID_INITIALIZE_REF'],
            ['nothing is left of its line', { 1: '20' }, 'line 1 is unknown, closed, or has nothing left'],
            ['less is left of its line', { 1: '15' }, 'more than the 5 that remain'],
        ])('is not refused because %s: that is what it received itself', (__, quantities, refusal) => {
            const id = order();
            put(NAME, [entry(id, 'A', quantities)]);
            const { error } = endedAfterSave(options);
            expect(error).toMatch(refusal);
            expect(error).toMatch('no item receipt tells yet of goods that were received: it may be among them');
            expect(current().sftp.names(`${RECEIPT}/ack`)).toEqual([]);
            expectFound(NAME, id);
        });
    });

    test('is not taken for refused where it shows between two looks', () => {
        const id = order();
        current().receive(id, { 1: 20 }, { externalId: 'WB-RCPT-A', isHidden: true });
        let looks = 0;
        current().before('search itemreceipt', () => {
            looks += 1;
            current().receipts[0].isHidden = looks < 3;
        });
        put(NAME, [entry(id, 'A', { 1: '20' })]);
        expect(run(importer).error).toMatch('it may be among them');
        expect(run(importer)).toEqual({ error: null });
        expect(answers(NAME)).toEqual([['A', 'already']]);
    });
});

test('what somebody received by hand refuses a receipt as soon as its item receipt shows', () => {
    const id = order({ lines: [{ item: 'A', quantity: 0.3 }, { item: 'B', quantity: 1 }] });
    current().receive(id, { 1: 0.1 });
    current().receive(id, { 1: 0.2 }, { isHidden: true });
    put(NAME, [entry(id, 'A', { 1: '0.2' })]);
    expect(run(importer).error).toMatch('receipt A: line 1 is unknown, closed, or has nothing left to receive; but ');
    current().receipts[1].isHidden = false;
    later(15);
    expect(run(importer)).toEqual({ error: null });
    expect(ack(NAME).results[0]).toMatchObject({ result: 'rejected', reason: expect.stringMatching(/nothing left to receive$/) });
});

test('a receipt is refused at once where its purchase order has received less', () => {
    const id = order();
    current().receive(id, { 1: 19, 4: 12 }, { isHidden: true });
    expect(imported([entry(id, 'A', { 1: '20' })])[0].reason).toMatch('more than the 1 that remain');
});

test.each([
    ['an item receipt cannot be read', () => current().fail('record.load', 'UNEXPECTED_ERROR'), 'UNEXPECTED_ERROR'],
    ['the purchase order cannot be read', () => current().fail('query.runSuiteQL', 'UNEXPECTED_ERROR'), 'UNEXPECTED_ERROR'],
    ['there are too many item receipts', () => { current().unitsOf = { reduce: 260 }; }, 'too few units are left to look into 20'],
])('a receipt is not refused while %s: the next run looks again', (_, prepare, reason) => {
    const id = order();
    Array.from({ length: 20 }, () => current().receive(id, { 1: 1 }));
    put(NAME, [entry(id, 'A', { 1: '1' })]);
    prepare();
    const doubt = `nothing left to receive; whether it is there all the same cannot be told: .*${reason}`;
    expect(run(importer).error).toMatch(new RegExp(doubt));
    current().unitsOf = undefined;
    expect(run(importer)).toEqual({ error: null });
    expect(answers(NAME)).toEqual([['A', 'rejected']]);
});

test('a time zone that nobody knows refuses no receipt: the run says so before it reads a file', () => {
    const id = order();
    put(NAME, [entry(id, 'A', { 1: '1' })]);
    current().parameters.custscript_wb_imp_time_zone = 'America/Guatmala';
    expect(run(importer).error).toMatch("custscript_wb_imp_time_zone 'America/Guatmala': RangeError: Invalid time zone");
    expect(current().calls).toEqual([]);
    current().parameters.custscript_wb_imp_time_zone = 'America/Guatemala';
    expect(run(importer)).toEqual({ error: null });
    expect(answers(NAME)).toEqual([['A', 'created']]);
});

test.each([
    ['record.transform', 'INSUFFICIENT_PERMISSION'], ['receipt.save', 'INSUFFICIENT_PERMISSION'], ['receipt.save', 'PERMISSION_VIOLATION'],
])('a role that lacks a permission at %s refuses no receipt: %s leaves them to a run of a role that has it', (call, name) => {
    put(NAME, [entry(order(), 'A', { 1: '1' }), entry(order(), 'B', { 1: '1' })]);
    current().fail(call, name, 2);
    expect(run(importer).error).toMatch(`not settled: receipt A: ${name}: ${call} fails; receipt B: ${name}: ${call} fails`);
    expect(current().sftp.names(`${RECEIPT}/ack`)).toEqual([]);
    later(15);
    expect(run(importer)).toEqual({ error: null });
    expect(answers(NAME)).toEqual([['A', 'created'], ['B', 'created']]);
});

describe('a file with many receipts of one purchase order', () => {
    const many = (id, count) => Array.from({ length: count }, (_, number) => entry(id, `R${number}`, { 1: '1' }));
    const runs = (minutes) => {
        later(minutes);
        return [run(importer).error, current().sftp.names(RECEIPT)];
    };

    test('comes to its end with as many as it may have, though a run looks again at all that are made', () => {
        const id = order({ lines: [{ item: 'A', quantity: 200 }] });
        put(NAME, many(id, 200));
        many(id, 199).forEach((told) => current().receive(id, { 1: 1 }, { externalId: `WB-RCPT-${told.receipt_id}` }));
        expect(runs(15)).toEqual([null, []]);
        expect(answers(NAME).slice(-2)).toEqual([['R198', 'already'], ['R199', 'created']]);
        expect(current().received(id)).toEqual({ 1: 200 });
    });

    test('is refused with more than that, and nothing of it is made: no run would ever come to its end', () => {
        const id = order({ lines: [{ item: 'A', quantity: 300 }] });
        put(NAME, many(id, 201));
        expect(runs(15)).toEqual([null, []]);
        expect(ack(NAME)).toMatchObject({ problem: `the file has 201 receipts of purchase order ${id}, more than 200`, results: [] });
        expect(current().sftp.names(`${RECEIPT}/error`)).toHaveLength(1);
        expect(receipts(id)).toEqual([]);
    });

    test('for which no run has time is told after a day, and stays: what is made of it is answered', () => {
        put(NAME, many(order(), 3));
        current().before('record.load', () => jest.setSystemTime(Date.now() + 11 * 60000));
        current().before('receipt.save', () => jest.setSystemTime(Date.now() + 11 * 60000));
        expect(runs(15)).toEqual([null, [NAME]]);
        const complaint = 'it stays for the next run; not settled: for a day no run had units and time enough for all of its receipts';
        expect(runs(24 * 60)).toEqual([`${NAME}: Error: ${complaint}`, [NAME]]);
        expect(answers(NAME)).toEqual([['R0', 'already']]);
    });
});
