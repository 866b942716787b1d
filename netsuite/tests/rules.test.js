/** The rules that need no NetSuite: numbers, texts, files. */
const decimals = require('SuiteScripts/Waybill/rules/decimals');
const texts = require('SuiteScripts/Waybill/rules/texts');
const receiptLines = require('SuiteScripts/Waybill/rules/receipt_lines');
const acknowledgments = require('SuiteScripts/Waybill/rules/acknowledgments');

test.each([
    [2.5, '2.5'], ['2.50', '2.5'], ['007', '7'], ['.5', '0.5'], [0, '0'], ['-0', '0'], ['-1.0', '-1'], [0.1 + 0.2, '0.3'],
    [1e-7, '0.0000001'], [123456789012, '123456789012'], ['123456789012.12345678', '123456789012.12345678'],
])('%p is %s in plain digits', (value, told) => {
    expect(decimals.plain(value)).toBe(told);
});

test.each(['', 'x', '1e3', '1,5', '.', NaN, 1e300, null])('%p is no plain number', (value) => {
    expect(() => decimals.plain(value)).toThrow('is no plain number');
});

test.each([
    [30, 12, '2.5'], [100, 1000, '0.1'], [0, 12, '0'], [1.2000000000000002, 12, '0.1'], ['66.6666', '33.3333', '2'], [7, 0.5, '14'],
    [10, 3, null], [1, 7, null], [5, 0, null],
])('%p pieces in units of %p are %p units', (pieces, rate, units) => {
    expect(decimals.quotient(pieces, rate)).toBe(units);
});

test('whatever has an exact quantity in its unit is told exactly, and nothing else is told', () => {
    const seed = Date.now() % 2147483647;
    let state = seed;
    const random = (most) => {
        state = (state * 48271) % 2147483647;
        return state % most;
    };
    for (let turn = 0; turn < 2000; turn += 1) {
        const quantity = decimals.plain(`${random(100000)}.${random(1000)}`);
        const rate = decimals.plain(`${1 + random(500)}.${random(100)}`);
        const found = decimals.quotient(decimals.product(quantity, rate), rate);
        expect([seed, quantity, rate, found]).toEqual([seed, quantity, rate, quantity]);
        const [pieces, other] = [String(random(10000)), String(1 + random(100))];
        const units = decimals.quotient(pieces, other);
        const back = units === null ? pieces : decimals.product(units, other);
        expect([seed, other, back]).toEqual([seed, other, pieces]);
    }
});

test('products are exact beyond what binary numbers hold', () => {
    expect(decimals.product('123456789012.12345678', '98765.4321')).toBe('12193263112460905.347422374638');
});

test.each([['1.5', 1.5], ['0', 0], [2, 2], ['12', 12], ['0.00000001', 1e-8]])('%p is the number %p', (value, number) => {
    expect(decimals.exactNumber(value)).toBe(number);
});

test.each(['', '-1', '1e5', ' 1', 'NaN', true, null, [], '0.123456789', '1234567890123456'])('%p is no quantity', (value) => {
    expect(decimals.exactNumber(value)).toBeNull();
});

test('cells are quoted where they must be, and only there', () => {
    expect(texts.csvRecord(['a', 'b,c', 'd"e', ' f ', null, undefined, 0, 'g\r\nh'])).toBe('a,"b,c","d""e", f ,,,0,g h\n');
});

test.each(['', 'abc', 'ñ', '€', '😀', 'a😀ñ€\ud800'])('the length of %p is that of its bytes', (text) => {
    expect(texts.utf8Length(text)).toBe(Buffer.byteLength(text, 'utf8'));
});

test.each([
    ['a😀b', 4, 'a😀b'], ['a😀b', 3, 'a😀'], ['a😀b', 2, 'a�'], ['\udc00a\ud83d', 9, '�a�'], [undefined, 9, 'undefined'],
])('%p has no half character in its first %i', (text, most, told) => {
    expect(texts.shortened(text, most)).toBe(told);
});

test('names are ordered as people count', () => {
    expect(['a-10', 'a-9', 'a-1', 'a-1-2', 'b-1'].sort(texts.byNumber)).toEqual(['a-1', 'a-1-2', 'a-9', 'a-10', 'b-1']);
});

test('each proposed line gets a word, and a wanted one that is missing refuses all', () => {
    expect(receiptLines.plan(['1', '4', '7'], [['4', 2], ['7', null], ['9', null]])).toEqual({ refusal: '', quantities: [null, 2, null] });
    expect(receiptLines.plan(['1'], [['1', 1], ['9', 2]]).refusal).toBe('line 9 is unknown, closed, or has nothing left to receive');
});

describe('what is told of a file', () => {
    const FILE = 'WB-RCPT-20261120T181500Z-1.json';
    const [SOON, LATE] = [new Date('2026-11-21T18:14:59Z'), new Date('2026-11-21T18:15:00Z')];
    const head = { file: FILE, sha256: 'x', total: 2, index: null, problem: null };
    const made = { ...head, index: 0, result: { receipt_id: 'A', result: 'created' } };
    const refused = { ...head, index: 1, result: { receipt_id: 'B', result: 'rejected' } };

    function decided(answers, now = SOON) {
        const [told] = acknowledgments.byFile(answers);
        const { results, place } = acknowledgments.decide(told, now);
        return [results && results.map((result) => result.receipt_id), place];
    }

    test('all of it when each receipt is settled, in the order of the file', () => {
        expect(decided([refused, head, made])).toEqual([['A', 'B'], 'archive']);
        expect(decided([{ ...head, total: 0 }])).toEqual([[], 'archive']);
        expect(decided([{ ...head, total: 0, problem: 'no JSON' }])).toEqual([[], 'error']);
    });

    test.each([['unsettled', { unsettled: 'why' }], ['left', { left: true }]])(
        'no refusal while another receipt is %s: the next run may make what is refused',
        (_, state) => {
            expect(decided([head, made, { ...head, index: 1, ...state }])).toEqual([['A'], '']);
            expect(decided([head, { ...refused, index: 0 }, { ...head, index: 1, ...state }])).toEqual([null, '']);
        },
    );

    test('nothing of a receipt of which there is no word at all', () => {
        expect(decided([head, made])).toEqual([['A'], '']);
        expect(decided([head])).toEqual([null, '']);
        const [{ unsettled }] = acknowledgments.byFile([head, made]);
        expect(unsettled).toEqual(['receipt 2 of the file: the script failed at its purchase order']);
    });

    test('what is known, refusals too, when the rest has not been settled for a day', () => {
        const doubtful = { ...head, index: 0, unsettled: 'why' };
        expect(decided([head, doubtful, refused], LATE)).toEqual([['B'], 'error']);
        expect(decided([head, doubtful, { ...doubtful, index: 1 }], LATE)).toEqual([null, 'error']);
        expect(decided([head, doubtful, { ...head, index: 1, left: true }], LATE)).toEqual([null, '']);
        const unnamed = [head, doubtful, refused].map((row) => ({ ...row, file: 'receipts.json' }));
        expect(decided(unnamed, LATE)).toEqual([null, '']);
    });
});

test('reasons and problems keep to the lengths that the schema allows', () => {
    const result = acknowledgments.resultOf({ receiptId: 'A', orderId: '1' }, { result: 'rejected', reason: 'x'.repeat(5000) });
    expect(result.reason).toHaveLength(4000);
    const text = acknowledgments.text({ file: 'a', sha256: 'x', problem: 'y'.repeat(5000), results: [] }, 'now');
    expect(JSON.parse(text).problem).toHaveLength(4000);
});
