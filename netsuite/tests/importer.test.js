/** The importer beyond the defects: errors that pass, files that are large or many, answers that are replaced. */
const texts = require('SuiteScripts/Waybill/rules/texts');
const { current } = require('../fakes/account');
const { SuiteScriptError } = require('../fakes/errors');
const { NOW, RECEIPT, ack, answers, at, entry, expectFound, imported, importer, later, order, put, receipts, run } = require('./support');

const NAME = 'WB-RCPT-20261120T181500Z-1.json';

beforeEach(() => at(NOW));

test.each(['RCRD_HAS_BEEN_CHANGED', 'UNEXPECTED_ERROR'])('after %s it is looked up and tried again', (name) => {
    const id = order();
    current().fail('receipt.save', name, 2);
    expect(imported([entry(id, 'A', { 1: '1' })])[0].result).toBe('created');
    expect(current().calls.filter((call) => call === 'record.transform')).toHaveLength(3);
});

test.each(['RCRD_HAS_BEEN_CHANGED', 'UNEXPECTED_ERROR'])('after %s in each try it is not answered; the next run makes it', (name) => {
    const [first, second] = [order(), order()];
    put(NAME, [entry(first, 'A', { 1: '1' }), entry(second, 'B', { 1: '1' })]);
    current().fail('receipt.save', name, 3);
    const complaint = `it stays for the next run; not settled: receipt A: ${name}: receipt.save fails`;
    expect(run(importer).error).toBe(`${NAME}: Error: ${complaint}`);
    expect(current().logs).toContainEqual(expect.objectContaining({ level: 'error', title: `${NAME}: it stays for the next run` }));
    expect(answers(NAME)).toEqual([['B', 'created']]);
    expect(current().sftp.names(RECEIPT)).toEqual([NAME]);
    later(15);
    expect(run(importer)).toEqual({ error: null });
    expect(answers(NAME)).toEqual([['A', 'created'], ['B', 'already']]);
    expect(current().sftp.names(RECEIPT)).toEqual([]);
});

test.each(['', 'x'])('a refusal too long, of %p and emojis, is cut between characters: half of one would spoil the answer', (start) => {
    const [first, second] = [order(), order()];
    let isFirst = true;
    current().before('receipt.save', () => {
        if (isFirst) {
            isFirst = false;
            throw Object.assign(new Error(start + '😀'.repeat(4000)), { name: 'USER_ERROR' });
        }
    });
    const [{ reason }, made] = imported([entry(first, 'A', { 1: '1' }), entry(second, 'B', { 1: '1' })]);
    expect([reason.length, /[\ud800-\udfff]/u.test(reason), made.result]).toEqual([4000, false, 'created']);
});

test('half a character that a file quotes is none in its answer', () => {
    const [{ reason }] = imported([entry(order(), 'A', { 1: '\ud83d' })]);
    expect(reason).toMatch("the quantity '�' is no number");
});

test('a duplicate that no search shows yet is not rejected: the next run finds it', () => {
    const id = order();
    current().receive(id, { 1: 1 }, { externalId: 'WB-RCPT-A', isHidden: true });
    put(NAME, [entry(id, 'A', { 1: '1' })]);
    expect(run(importer).error).toMatch('not settled: receipt A: DUP_RCRD');
    expect(current().sftp.names(`${RECEIPT}/ack`)).toEqual([]);
    expectFound(NAME, id);
});

test('what NetSuite refuses after a try of unknown outcome may be refused because that try has saved', () => {
    const id = order();
    put(NAME, [entry(id, 'A', { 1: '20' })]);
    let isFirst = true;
    current().before('receipt.save', () => {
        if (isFirst) {
            isFirst = false;
            current().receive(id, { 1: 20 }, { externalId: 'WB-RCPT-A', isHidden: true });
            throw Object.assign(new Error('saved all the same'), { name: 'UNEXPECTED_ERROR' });
        }
    });
    expect(run(importer).error).toMatch('not settled: receipt A: UNEXPECTED_ERROR: saved all the same');
    current().receipts[0].isHidden = false;
    expect(run(importer)).toEqual({ error: null });
    expect(answers(NAME)).toEqual([['A', 'already']]);
});

test('a refusal is not told while another receipt of its file is open: once told, it may not become a receipt', () => {
    const [first, second] = [order(), order({ approval: 'pending' })];
    put(NAME, [entry(first, 'A', { 1: '1' }), entry(second, 'B', { 1: '1' })]);
    current().fail('receipt.save', 'UNEXPECTED_ERROR', 3);
    expect(run(importer).error).toMatch('not settled');
    expect(current().sftp.names(`${RECEIPT}/ack`)).toEqual([]);
    current().change(second, (found) => { found.approval = 'approved'; });
    later(15);
    expect(run(importer)).toEqual({ error: null });
    expect(answers(NAME)).toEqual([['A', 'created'], ['B', 'created']]);
});

test('what stays open for a day is given up: the file is put aside, and the others, refusals too, are answered', () => {
    const [first, second] = [order(), order({ approval: 'pending' })];
    put(NAME, [entry(first, 'A', { 1: '1' }), entry(second, 'B', { 1: '1' })]);
    current().fail('receipt.save', 'UNEXPECTED_ERROR', 6);
    expect(run(importer).error).toMatch('it stays for the next run');
    later(24 * 60);
    expect(run(importer).error).toMatch('given up, and put into error; not settled: receipt A: UNEXPECTED_ERROR');
    expect(current().logs).toContainEqual(expect.objectContaining({ level: 'error', title: `${NAME}: given up, and put into error` }));
    expect(answers(NAME)).toEqual([['B', 'rejected']]);
    expect(current().sftp.names(RECEIPT)).toEqual([]);
    expect(current().sftp.names(`${RECEIPT}/error`)).toEqual([expect.stringContaining(NAME)]);
    expect(run(importer)).toEqual({ error: null });
});

test('a purchase order that somebody changes between transform and save is read again', () => {
    const id = order();
    let isFirst = true;
    current().before('receipt.save', () => {
        if (isFirst) {
            isFirst = false;
            jest.setSystemTime(Date.now() + 1000);
            current().change(id, (found) => { found.lines[0].quantity = 10; });
        }
    });
    expect(imported([entry(id, 'A', { 1: '11' })])[0].reason).toMatch('more than the 10 that remain');
    expect(receipts(id)).toEqual([]);
});

test('an unexpected error after which the receipt is there is no second receipt', () => {
    const id = order();
    let isFirst = true;
    current().before('search itemreceipt', () => {
        if (!isFirst && current().receipts.length === 0) {
            current().receive(id, { 1: 1 }, { externalId: 'WB-RCPT-A' });
        }
        isFirst = false;
    });
    current().fail('receipt.save', 'UNEXPECTED_ERROR');
    expect(imported([entry(id, 'A', { 1: '1' })])[0]).toMatchObject({ result: 'already' });
    expect(receipts(id)).toHaveLength(1);
});

test('a receipt that another run makes in full after it was looked up is there already, and not refused', () => {
    const id = order();
    let isFirst = true;
    current().before('record.transform', () => {
        if (isFirst) {
            isFirst = false;
            current().receive(id, { 1: 20 }, { externalId: 'WB-RCPT-A' });
        }
    });
    expect(imported([entry(id, 'A', { 1: '20' })])[0]).toMatchObject({ result: 'already' });
    expect(receipts(id)).toHaveLength(1);
});

test('a status that cannot be read leaves the file for the next run, which finds the receipt', () => {
    const id = order();
    put(NAME, [entry(id, 'A', { 1: '1' })]);
    current().fail('query.runSuiteQL', 'UNEXPECTED_ERROR');
    expect(run(importer).error).toMatch('UNEXPECTED_ERROR');
    expect(current().sftp.names(RECEIPT)).toEqual([NAME]);
    expect(run(importer)).toEqual({ error: null });
    expect(ack(NAME).results[0].result).toBe('already');
    expect(receipts(id)).toHaveLength(1);
});

test('a purchase order that NetSuite ends its script at keeps its file back, and no other', () => {
    const [first, second] = [order(), order()];
    put(NAME, [entry(first, 'A', { 1: '1' })]);
    put('WB-RCPT-20261120T181500Z-2.json', [entry(second, 'B', { 1: '1' })]);
    let isFirst = true;
    current().before('record.transform', () => {
        if (isFirst) {
            isFirst = false;
            current().end('SSS_TIME_LIMIT_EXCEEDED');
        }
    });
    expect(run(importer).error).toMatch('SSS_TIME_LIMIT_EXCEEDED');
    expect(current().sftp.names(RECEIPT)).toEqual([NAME]);
    expect(ack('WB-RCPT-20261120T181500Z-2.json').results[0].result).toBe('created');
});

test('a purchase order that NetSuite ends its script at each time holds back no other one of its file', () => {
    const [first, second, third] = [order(), order(), order({ approval: 'pending' })];
    put(NAME, [entry(first, 'A', { 1: '1' }), entry(second, 'B', { 1: '1' }), entry(third, 'C', { 1: '1' })]);
    let transforms;
    current().before('record.transform', () => {
        transforms += 1;
        if (transforms === 1) {
            current().end('SSS_TIME_LIMIT_EXCEEDED');
        }
    });
    const told = [[['B', 'created']], [['B', 'already']], [['B', 'already'], ['C', 'rejected']]].map((expected, days) => {
        later(days * 12 * 60);
        transforms = 0;
        const { error } = run(importer);
        expect(error).toMatch(`${first}: {"name":"SSS_TIME_LIMIT_EXCEEDED"`);
        expect(error).toMatch('not settled: receipt 1 of the file: the script failed at its purchase order');
        expect(answers(NAME)).toEqual(expected);
        return current().sftp.names(RECEIPT);
    });
    expect(told).toEqual([[NAME], [NAME], []]);
    expect(receipts(second)).toEqual([['WB-RCPT-B', { 1: 1 }]]);
});

test('a file whose only purchase order NetSuite ends its script at is given up after a day, without an answer', () => {
    put(NAME, [entry(order(), 'A', { 1: '1' })]);
    current().before('record.transform', () => current().end('SSS_TIME_LIMIT_EXCEEDED'));
    expect(run(importer).error).toMatch('it stays for the next run');
    later(24 * 60);
    expect(run(importer).error).toMatch('given up, and put into error');
    expect([RECEIPT, `${RECEIPT}/ack`].flatMap((folder) => current().sftp.names(folder))).toEqual([]);
});

test('a stage that has taken ten minutes leaves the rest to the next run', () => {
    const id = order();
    put(NAME, [entry(id, 'A', { 1: '1' }), entry(id, 'B', { 1: '1' }), entry(id, 'C', { 1: '1' })]);
    current().before('record.transform', () => jest.setSystemTime(Date.now() + 6 * 60000));
    expect(run(importer)).toEqual({ error: null });
    expect(receipts(id)).toHaveLength(2);
    expect(current().sftp.names(RECEIPT)).toEqual([NAME]);
    run(importer);
    expect(ack(NAME).results.map(({ result }) => result)).toEqual(['already', 'already', 'created']);
});

test('a file that cannot be downloaded stays and is told, and the others go on', () => {
    const id = order();
    put(NAME, [entry(id, 'A', { 1: '1' })]);
    put('WB-RCPT-20261120T181500Z-2.json', [entry(id, 'B', { 1: '1' })]);
    current().fail('sftp.download', 'FTP_NO_SUCH_FILE_OR_DIRECTORY');
    expect(run(importer).error).toMatch(`${NAME} cannot be read: FTP_NO_SUCH_FILE_OR_DIRECTORY`);
    expect(receipts(id).map(([name]) => name)).toEqual(['WB-RCPT-B']);
    expect(current().sftp.names(RECEIPT)).toEqual([NAME]);
    expect(run(importer)).toEqual({ error: null });
});

test('fifty files that nobody may read are told in each run, and do not keep the one behind them waiting', () => {
    const id = order();
    const names = Array.from({ length: 50 }, (_, minute) => `WB-RCPT-20261120T10${String(minute).padStart(2, '0')}00Z-1.json`);
    names.forEach((name) => put(name, [entry(id, name, { 1: '1' })]));
    put(NAME, [entry(id, 'A', { 4: '1' })]);
    current().fail('sftp.download', 'FTP_PERMISSION_DENIED', names.length);
    const { error } = run(importer);
    expect(names.filter((name) => error.includes(`${name} cannot be read: FTP_PERMISSION_DENIED`))).toEqual(names);
    expect(receipts(id)).toEqual([['WB-RCPT-A', { 4: 1 }]]);
    expect(current().sftp.names(RECEIPT)).toEqual(names);
});

/** Names of so many files, one a second. */
function manyNames(count) {
    return Array.from({ length: count }, (_, second) => `WB-RCPT-${texts.stamp(new Date(Date.UTC(2026, 10, 20, 10, 0, second)))}-1.json`);
}

test('more files than a run can look into, and nobody may read them: each has its turn, and the one behind them too', () => {
    const id = order();
    const names = manyNames(250);
    names.forEach((name) => put(name, []));
    put(NAME, [entry(id, 'A', { 4: '1' })]);
    const { sftp } = current();
    const read = sftp.read.bind(sftp);
    sftp.read = (path) => {
        if (names.some((name) => path.endsWith(name))) {
            throw new SuiteScriptError('FTP_PERMISSION_DENIED', path);
        }
        return read(path);
    };
    const errors = [1, 2, 3].map(() => run(importer).error);
    expect(receipts(id)).toEqual([['WB-RCPT-A', { 4: 1 }]]);
    expect(names.filter((name) => errors.some((error) => error.includes(`${name} cannot be read`)))).toEqual(names);
});

test('fifty files that cannot be settled do not keep the one behind them waiting', () => {
    manyNames(50).forEach((name) => {
        const id = order();
        put(name, [entry(id, name, { 1: '1' })]);
        current().receive(id, { 1: 1 }, { externalId: `WB-RCPT-${name}`, isHidden: true });
    });
    const id = order();
    put(NAME, [entry(id, 'A', { 4: '1' })]);
    expect(run(importer).error.split('\n')).toHaveLength(50);
    expect(receipts(id)).toEqual([]);
    expect(run(importer).error.split('\n')).toHaveLength(49);
    expect(ack(NAME).results[0].result).toBe('created');
});

test('where a run can try all files, nothing is noted of it', () => {
    imported([entry(order(), 'A', { 1: '1' })]);
    expect(current().customRecords).toEqual([]);
});

test('files without a time in their names come last', () => {
    const id = order();
    Array.from({ length: 50 }, (_, number) => put(`A-${number}.json`, [entry(id, `F${number}`, { 9: '1' })]));
    put(NAME, [entry(id, 'A', { 4: '1' })]);
    expect(run(importer)).toEqual({ error: null });
    expect(ack(NAME).results[0].result).toBe('created');
});

test('a file over 10 MB is answered without being read', () => {
    put(NAME, ' '.repeat(10 * 1024 * 1024 + 1));
    expect(run(importer)).toEqual({ error: null });
    expect(ack(NAME).problem).toBe('the file has 10485761 bytes, more than 10485760, and was not read');
    expect(current().calls).not.toContain('sftp.download');
});

test('an answer that cannot be written leaves its file where it is, and the next run answers it', () => {
    const id = order();
    put(NAME, [entry(id, 'A', { 1: '1' })]);
    current().fail('sftp.upload', 'FTP_PERMISSION_DENIED');
    expect(run(importer).error).toMatch(`${NAME}: FTP_PERMISSION_DENIED`);
    expect(current().sftp.names(RECEIPT)).toEqual([NAME]);
    expect(run(importer)).toEqual({ error: null });
    expect(ack(NAME).results[0].result).toBe('already');
});

test('a file of that name that comes again is answered again', () => {
    const id = order();
    imported([entry(id, 'A', { 1: '1' })], NAME);
    imported([entry(id, 'B', { 1: '1' })], NAME);
    expect(ack(NAME).results.map((told) => told.receipt_id)).toEqual(['B']);
    expect(current().sftp.names(`${RECEIPT}/ack`)).toHaveLength(1);
});

test('receipts of one purchase order are made in the order of their files, as people count', () => {
    const id = order();
    [10, 9, 2].forEach((number) => put(`WB-RCPT-20261120T181500Z-${number}.json`, [entry(id, `R${number}`, { 1: '1' })]));
    run(importer);
    expect(receipts(id).map(([name]) => name)).toEqual(['WB-RCPT-R2', 'WB-RCPT-R9', 'WB-RCPT-R10']);
});

test('missing folders are made; folders that cannot be made are told', () => {
    put(NAME, []);
    current().fail('sftp.makeDirectory', 'FTP_PERMISSION_DENIED');
    expect(run(importer).error).toMatch('folders: FTP_PERMISSION_DENIED');
    later(15);
    expect(run(importer)).toEqual({ error: null });
    expect(ack(NAME)).toMatchObject({ problem: null, results: [] });
});

test('lots and serial numbers are not guessed: NetSuite asks for them, and the receipt is rejected with its words', () => {
    const id = order({ lines: [{ item: 'LOT', quantity: 5, needsDetail: true }] });
    expect(imported([entry(id, 'A', { 1: '1' })])[0].reason).toBe('USER_ERROR: Please configure the inventory detail.');
});

test('a closed period is told as the reason', () => {
    current().preferences.closedUntil = '2026-11-20';
    expect(imported([entry(order(), 'A', { 1: '1' })])[0].reason).toMatch('posting period');
});

test.each([
    ['1e3', 'no number'], ['-1', 'negative'], ['0.123456789', 'more digits'], ['1234567890123456', 'more digits'], [true, 'no number'],
    [[], 'no number'],
])('the quantity %j is rejected: %s', (quantity, said) => {
    expect(imported([entry(order(), 'A', { 1: quantity })])[0].reason).toMatch(said);
});

test.each([{ receipt_id: 'x'.repeat(101) }, { receipt_id: 7 }, { order_id: null }, { receipt_id: 'a\u0000b' }, { receipt_id: '\ud800' }])(
    'a receipt with %j is rejected, and its answer keeps to the schema',
    (fields) => {
        const [result] = imported([entry(order(), 'A', { 1: '1' }, fields)]);
        expect(result).toMatchObject({ result: 'rejected', reason: 'receipt_id and order_id must be texts' });
        expect(result.receipt_id.length).toBeLessThan(101);
    },
);

test('without a moment of receiving the day is that of the import', () => {
    imported([entry(order(), 'A', { 1: '1' }, { received_at: undefined })]);
    expect(current().receipts[0].tranDate).toBeNull();
});

test('with no files nothing is done', () => {
    expect(run(importer)).toEqual({ error: null });
    expect(current().calls).toEqual(['sftp.createConnection', 'sftp.list']);
});

test('a connection that cannot be made is told', () => {
    current().parameters.custscript_wb_imp_host_key = 'AAAA';
    expect(run(importer).error).toMatch('FTP_INCORRECT_HOST_KEY');
});

test('an item receipt that cannot be looked into is not taken for the receipt: the next run compares it', () => {
    const id = order();
    current().receive(id, { 1: 1 }, { externalId: 'WB-RCPT-A' });
    put(NAME, [entry(id, 'A', { 1: '1' })]);
    current().fail('record.load', 'UNEXPECTED_ERROR');
    expect(run(importer).error).toMatch('item receipt 991 has the external id WB-RCPT-A already, and cannot be compared');
    expect(run(importer)).toEqual({ error: null });
    expect(answers(NAME)).toEqual([['A', 'already']]);
});

test('a duplicate that turns out to be another receipt is refused with the difference', () => {
    const id = order();
    let isFirst = true;
    current().before('record.transform', () => {
        if (isFirst) {
            isFirst = false;
            current().receive(id, { 1: 3 }, { externalId: 'WB-RCPT-A' });
        }
    });
    const [told] = imported([entry(id, 'A', { 1: '2' })]);
    expect(told).toMatchObject({ result: 'rejected', reason: expect.stringMatching('line 1 has 3 received, 2 were promised') });
});
