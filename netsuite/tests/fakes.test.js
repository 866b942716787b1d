/** The fakes keep NetSuite's rules as netsuite.md tells them: a script that breaks one fails here first. */
const { createHash } = require('N/crypto');
const file = require('N/file');
const format = require('N/format');
const query = require('N/query');
const record = require('N/record');
const runtime = require('N/runtime');
const search = require('N/search');
const sftp = require('N/sftp');
const { current } = require('../fakes/account');
const { HOST_KEY } = require('../fakes/sftp_server');
const { order, run } = require('./support');

const LOGIN = { url: 'sftp.example.com', port: 22, hostKey: HOST_KEY, keyId: 'custkey_waybill', directory: 'netsuite' };
const PAIR = { fromType: record.Type.PURCHASE_ORDER, toType: record.Type.ITEM_RECEIPT };
const text = (contents) => file.create({ name: 'a', fileType: file.Type.PLAINTEXT, contents, encoding: file.Encoding.UTF_8 });
const named = (name) => expect.objectContaining({ name });

beforeEach(() => current().begin(10000));

test('a receipt proposes every receivable line, checked, with its remainder, and ids come as texts', () => {
    const id = order({ lines: [{ item: 'A', quantity: 20 }, { item: 'B', quantity: 12 }, { item: 'C', quantity: 1, closed: true }] });
    current().receive(id, { 1: 5 });
    const made = record.transform({ ...PAIR, fromId: id });
    const value = (fieldId, line) => made.getSublistValue({ sublistId: 'item', fieldId, line });
    expect([0, 1].map((line) => [value('orderline', line), value('itemreceive', line), value('quantity', line)])).toEqual(
        [['1', true, '15'], ['4', true, '12']],
    );
    expect([made.getLineCount({ sublistId: 'item' }), made.getLineCount({ sublistId: 'expense' })]).toEqual([2, -1]);
});

test('an item receipt shows what it received, checked, and unchecked what it could receive beside it', () => {
    const id = order();
    const made = record.load({ type: record.Type.ITEM_RECEIPT, id: current().receive(id, { 1: 5 }) });
    const value = (fieldId, line) => made.getSublistValue({ sublistId: 'item', fieldId, line });
    expect([0, 1].map((line) => [value('orderline', line), value('itemreceive', line), value('quantity', line)])).toEqual(
        [['1', true, '5'], ['4', false, '12']],
    );
});

test('lines that nobody touches are received in full, and the status follows', () => {
    const id = order();
    record.transform({ ...PAIR, fromId: id }).save();
    expect([current().received(id), current().status(id)]).toEqual([{ 1: 20, 4: 12 }, 'F']);
});

test.each([
    ['B', () => {}],
    ['E', (id) => current().receive(id, { 1: 1 })],
    ['D', (id) => { current().receive(id, { 1: 1 }); current().orders.get(id).lines[0].billed = 1; }],
    ['F', (id) => current().receive(id, { 1: 20, 4: 12 })],
    ['G', (id) => { current().receive(id, { 1: 20, 4: 12 }); current().orders.get(id).lines.forEach((line) => { line.billed = 20; }); }],
    ['H', (id) => current().orders.get(id).lines.forEach((line) => { line.closed = true; })],
    ['A', (id) => { current().orders.get(id).approval = 'pending'; }],
    ['C', (id) => { current().orders.get(id).approval = 'rejected'; }],
])('the status %s is computed from the lines; only B, D and E can be received', (letter, change) => {
    const id = order();
    change(id);
    current().version += 1;
    expect(current().status(id)).toBe(letter);
    const receive = () => record.transform({ ...PAIR, fromId: id });
    if (['B', 'D', 'E'].includes(letter)) {
        expect(receive().getLineCount({ sublistId: 'item' })).toBe(2);
    } else {
        expect(receive).toThrow(named('INVALID_INITIALIZE_REF'));
    }
});

test.each([
    ['DUP_RCRD', (made, id) => { current().receive(id, { 1: 1 }, { externalId: 'X' }); current().orders.get(id).modified = 1; }],
    ['USER_ERROR', (made) => made.setSublistValue({ sublistId: 'item', fieldId: 'quantity', line: 0, value: 21 })],
    ['USER_ERROR', (made) => [0, 1].forEach((line) => (
        made.setSublistValue({ sublistId: 'item', fieldId: 'itemreceive', line, value: false })))],
    ['INVALID_FLD_VALUE', (made) => made.setSublistValue({ sublistId: 'item', fieldId: 'quantity', line: 0, value: '1' })],
    ['INVALID_FLD_VALUE', (made) => made.setValue({ fieldId: 'trandate', value: '11/20/2026' })],
    ['RCRD_HAS_BEEN_CHANGED', (made, id) => { current().orders.get(id).modified = 2; }],
])('a save is refused with %s', (name, change) => {
    const id = order({ modified: 1 });
    const made = record.transform({ ...PAIR, fromId: id });
    made.setValue({ fieldId: 'externalid', value: 'X' });
    change(made, id);
    expect(() => made.save()).toThrow(named(name));
});

test('a line that was not found cannot be set, and item receipts cannot be created', () => {
    const made = record.transform({ ...PAIR, fromId: order() });
    const set = () => made.setSublistValue({ sublistId: 'item', fieldId: 'quantity', line: null, value: 1 });
    expect(set).toThrow(named('SSS_MISSING_REQD_ARGUMENT'));
    expect(() => record.create({ type: record.Type.ITEM_RECEIPT })).toThrow(named('UNSUPPORTED_OPERATION'));
});

test('each call costs its units, and without units the script ends, whatever it catches', () => {
    const before = runtime.getCurrentScript().getRemainingUsage();
    const connection = sftp.createConnection(LOGIN);
    connection.upload({ directory: 'purchaseorder/receipt', filename: 'a', file: text('x') });
    connection.download({ directory: 'purchaseorder/receipt', filename: 'a' });
    connection.list({ path: 'purchaseorder/receipt' });
    connection.move({ from: 'purchaseorder/receipt/a', to: 'purchaseorder/receipt/b' });
    record.transform({ ...PAIR, fromId: order() }).save();
    query.runSuiteQL({ query: 'SELECT t.id FROM transaction t', params: [] });
    expect(before - runtime.getCurrentScript().getRemainingUsage()).toBe(100 + 100 + 10 + 10 + 10 + 20 + 10);
    current().begin(9);
    const list = () => connection.list({ path: 'purchaseorder' });
    expect(list).toThrow(named('SSS_USAGE_LIMIT_EXCEEDED'));
    current().budget.left = 1000;
    expect(list).toThrow(named('SSS_USAGE_LIMIT_EXCEEDED'));
});

test('files over 10 MB can be neither made nor read whole, and a list tells 2,000 entries at most', () => {
    const large = 'x'.repeat(10 * 1024 * 1024 + 1);
    expect(() => text(large)).toThrow(named('SSS_FILE_CONTENT_SIZE_EXCEEDED'));
    current().sftp.put('netsuite/purchaseorder/receipt/large', large);
    const connection = sftp.createConnection(LOGIN);
    const found = connection.download({ directory: 'purchaseorder/receipt', filename: 'large' });
    expect(() => found.getContents()).toThrow(named('SSS_FILE_CONTENT_SIZE_EXCEEDED'));
    Array.from({ length: 2500 }, (_, number) => current().sftp.put(`netsuite/purchaseorder/receipt/${number}`, ''));
    expect(connection.list({ path: 'purchaseorder/receipt' })).toHaveLength(2000);
});

test('SFTP refuses what is taken, missing or wrong', () => {
    const connection = sftp.createConnection(LOGIN);
    const upload = (more) => connection.upload({ directory: 'purchaseorder/receipt', filename: 'a', file: text('x'), ...more });
    upload();
    expect(upload).toThrow(named('FTP_FILE_ALREADY_EXISTS'));
    upload({ replaceExisting: true });
    upload({ filename: 'b' });
    const move = (from, to) => () => connection.move({ from: `purchaseorder/receipt/${from}`, to: `purchaseorder/receipt/${to}` });
    expect(move('a', 'b')).toThrow(named('FTP_INVALID_MOVE'));
    expect(move('missing', 'c')).toThrow(named('FTP_INVALID_MOVE'));
    expect(() => connection.list({ path: 'nowhere/x' })).toThrow(named('FTP_NO_SUCH_FILE_OR_DIRECTORY'));
    const login = (fields) => () => sftp.createConnection({ ...LOGIN, ...fields });
    expect(login({ keyId: undefined })).toThrow(named('SSS_MISSING_REQD_ARGUMENT'));
    expect(login({ secret: 's', passwordGuid: 'p' })).toThrow(named('MUTUALLY_EXCLUSIVE_ARGUMENTS'));
    expect(login({ port: 70000 })).toThrow(named('FTP_INVALID_PORT_NUMBER'));
});

test('searches refuse fields and operators that they do not know, and AND beside OR', () => {
    order();
    const find = (filters) => () => search.create({ type: 'purchaseorder', filters, columns: [] }).run().getRange({ start: 0, end: 10 });
    expect(find([['nonsense', 'is', 'T']])).toThrow(named('SSS_INVALID_SRCH_FILTER'));
    const [a, b] = [['mainline', 'is', 'T'], ['internalid', 'anyof', ['1']]];
    expect(find([a, 'AND', b, 'OR', b])).toThrow(named('SSS_INVALID_SRCH_FILTER_EXPR'));
});

test('dates are texts in the zone of the user, and read back as the same moment', () => {
    const type = format.Type.DATETIME;
    const moment = new Date('2026-07-04T06:30:00Z');
    expect(format.format({ value: moment, type })).toBe('7/3/2026 11:30 pm');
    expect(format.format({ value: moment, type, timezone: 'Asia/Tokyo' })).toBe('7/4/2026 3:30 pm');
    ['America/Los_Angeles', 'Asia/Kolkata', 'GMT'].forEach((timezone) => {
        const value = format.format({ value: moment, type, timezone });
        expect(format.parse({ value, type, timezone })).toEqual(moment);
    });
});

test('hashes come in upper case', () => {
    const hash = createHash({ algorithm: 'SHA256' });
    hash.update({ input: 'ñ', inputEncoding: 'UTF_8' });
    expect(hash.digest({ outputEncoding: 'HEX' })).toMatch(/^[0-9A-F]{64}$/);
});

test('keys come in the order of texts, and what an invocation that failed wrote is forgotten', () => {
    const seen = [];
    const told = run({
        getInputData: () => [1, 2, 10],
        map: ({ value, write }) => {
            write({ key: value, value });
            if (value === '2') {
                throw new Error('no');
            }
        },
        summarize: ({ output, mapSummary }) => {
            output.iterator().each((key) => seen.push(key));
            mapSummary.errors.iterator().each((key, error) => seen.push([key, JSON.parse(error).message]));
        },
    });
    expect([told, seen]).toEqual([{ error: null }, ['1', '10', ['1', 'no']]]);
});
