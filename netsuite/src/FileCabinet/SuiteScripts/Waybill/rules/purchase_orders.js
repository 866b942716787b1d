/**
 * Purchase orders as the exporter tells them: which are told, and how their rows read (docs/purchase-order-files.md 1).
 *
 * @NApiVersion 2.1
 * @NModuleScope SameAccount
 */
define(['./decimals', './texts'], (decimals, texts) => {
    const HEADER = [
        'po_id', 'po_number', 'po_status', 'line_id', 'unique_key', 'sku', 'quantity', 'unit', 'unit_rate',
        'quantity_received', 'line_closed', 'facility_id', 'arrival_date', 'modified_at',
    ];
    /** Statuses in which goods may be received: Pending Receipt, Partially Received, and the latter with Pending Billing. */
    const RECEIVABLE = ['B', 'D', 'E'];

    /**
     * A purchase order from the rows that a query tells, one for each line, in the lines' own units.
     *
     * @param {Array<object>} rows as `account/purchase_orders` asks for them; quantities in base units
     * @returns {object} `{id, number, status, lines}`, numbers as plain texts
     * @throws {Error} a quantity is negative, or cannot be told exactly in its line's unit
     */
    function fromRows(rows) {
        const [head] = rows;
        return {
            id: String(head.po_id),
            number: head.po_number,
            status: letterOf(head.status),
            lines: rows.map(lineOf),
        };
    }

    function lineOf(row) {
        const quantity = inUnit(row, row.quantity);
        return {
            id: String(row.line_id),
            uniqueKey: row.unique_key,
            sku: row.sku,
            quantity,
            received: inUnit(row, row.received),
            unit: row.unit_id ? row.unit : '',
            unitRate: row.unit_id ? decimals.plain(row.unit_rate) : '',
            // An open line of nothing has nothing to receive, and the format knows no open line without a quantity.
            closed: row.closed === 'T' || quantity === '0',
            location: row.location,
            arrival: row.arrival,
        };
    }

    function inUnit(row, pieces) {
        if (Number(pieces) < 0) {
            // Without its sign it would read as goods to receive, of which NetSuite offers none.
            throw new Error(`line ${row.line_id}: the quantity ${pieces} is negative`);
        }
        const rate = row.unit_id ? row.unit_rate : 1;
        const found = rate ? decimals.quotient(pieces, rate) : null;
        if (found === null) {
            const unit = `${row.unit || row.unit_id} of ${rate} pieces`;
            throw new Error(`line ${row.line_id}: ${pieces} pieces are no exact quantity of the unit ${unit}`);
        }
        return found;
    }

    /**
     * The letter of a status.
     *
     * @param {string} code `PurchOrd:B`, as BUILTIN.CF tells it
     * @returns {string} `B`
     */
    function letterOf(code) {
        return code.slice(code.indexOf(':') + 1);
    }

    /**
     * Whether goods may still be received.
     *
     * @param {object} order as `fromRows` returns it
     * @returns {boolean} it has a receivable status, and a line that is open and not fully received
     */
    function isOpen(order) {
        const hasRemainder = (line) => !line.closed && Number(line.quantity) > Number(line.received);
        return RECEIVABLE.includes(order.status) && order.lines.some(hasRemainder);
    }

    /**
     * The rows of a purchase order, whole.
     *
     * @param {object} order as `fromRows` returns it
     * @param {string} modifiedAt when it was last changed; empty for what only compares contents
     * @returns {string} CSV records
     */
    function rowsText(order, modifiedAt) {
        const record = (line) => texts.csvRecord([
            order.id, order.number, order.status, line.id, line.uniqueKey, line.sku, line.quantity, line.unit, line.unitRate,
            line.received, line.closed ? 'T' : 'F', line.location, line.arrival, modifiedAt,
        ]);
        return order.lines.map(record).join('');
    }

    /**
     * A file's text without its trailer.
     *
     * @param {string[]} orders rows of each purchase order, as `rowsText` returns them
     * @returns {string} header and rows
     */
    function fileBody(orders) {
        return texts.csvRecord(HEADER) + orders.join('');
    }

    /**
     * The trailer that counts and seals a file.
     *
     * @param {string} body as `fileBody` returns it
     * @param {string} sha256 of the body, hex
     * @returns {string} its last line
     */
    function trailer(body, sha256) {
        return `#end,${body.split('\n').length - 2},${sha256}\n`;
    }

    /**
     * Cuts what is to be told into files; a purchase order is never split.
     *
     * @param {Array<{text: string}>} told one for each purchase order, in the order of the file
     * @param {{bytes: number, orders: number}} most what a file may hold
     * @returns {Array<Array<{text: string}>>} one list for each file
     */
    function batches(told, most) {
        const files = [];
        let bytes = 0;
        told.forEach((each) => {
            const size = texts.utf8Length(each.text);
            const last = files[files.length - 1];
            if (!last || bytes + size > most.bytes || last.length === most.orders) {
                files.push([each]);
                bytes = size;
            } else {
                last.push(each);
                bytes += size;
            }
        });
        return files;
    }

    return { RECEIVABLE, fromRows, letterOf, isOpen, rowsText, fileBody, trailer, batches };
});
