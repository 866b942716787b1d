/**
 * Which lines of an item receipt are received: every line is set, those too that nobody named.
 *
 * @NApiVersion 2.1
 * @NModuleScope SameAccount
 */
define([], () => {
    /** Below the least quantity that NetSuite keeps, and above the noise of binary arithmetic. */
    const LEAST = 5e-9;

    /**
     * What to set on each line of a receipt that NetSuite proposes.
     *
     * @param {string[]} proposed the line id (`orderline`) of each line, in their order
     * @param {Array<[string, number|null]>} wanted the quantity by line id; null receives nothing
     * @returns {{refusal: string, quantities: Array<number|null>}} for each proposed line what it receives, null for
     *     nothing; `refusal` says why nothing may be saved
     */
    function plan(proposed, wanted) {
        const quantities = new Map(wanted);
        const offered = new Set(proposed);
        const missing = wanted.find(([lineId, quantity]) => quantity !== null && !offered.has(lineId));
        return {
            refusal: missing ? `line ${missing[0]} is unknown, closed, or has nothing left to receive` : '',
            quantities: proposed.map((lineId) => quantities.get(lineId) ?? null),
        };
    }

    /**
     * Where an item receipt that is there is not the one that was asked for.
     *
     * @param {{orderId: string, wanted: Array<[string, number|null]>}} receipt as a file tells it
     * @param {{orderId: string, lines: Array<[string, number|string]>}} there its purchase order, empty where that is not
     *     known, and what each line received
     * @returns {string} in words; empty where they are the same
     */
    function differences(receipt, there) {
        const received = new Map(there.lines.map(([lineId, quantity]) => [String(lineId), Number(quantity)]));
        const promised = new Map(receipt.wanted);
        const told = there.orderId && there.orderId !== receipt.orderId
            ? [`it is of purchase order ${there.orderId}, not ${receipt.orderId}`] : [];
        new Set([...promised.keys(), ...received.keys()]).forEach((lineId) => {
            const [got, meant] = [received.get(lineId) ?? 0, promised.get(lineId) ?? 0];
            if (got !== meant) {
                told.push(`line ${lineId} has ${got} received, ${meant} were promised`);
            }
        });
        return told.join('; ');
    }

    /**
     * Whether a purchase order has received so much, beyond what its item receipts tell, that a receipt may be among it.
     *
     * @param {Array<[string, number|null]>} wanted what the receipt receives by line id
     * @param {Array<{id: string, received: string}>} lines of the purchase order
     * @param {Array<[string, number|string]>} told what lines of its item receipts received
     * @returns {boolean} false: there is no such receipt
     */
    function mayBeReceived(wanted, lines, told) {
        const untold = new Map(lines.map(({ id, received }) => [id, Number(received)]));
        told.forEach(([lineId, quantity]) => untold.set(String(lineId), (untold.get(String(lineId)) ?? 0) - Number(quantity)));
        return wanted.every(([lineId, quantity]) => (quantity ?? 0) < (untold.get(lineId) ?? 0) + LEAST);
    }

    return { plan, differences, mayBeReceived };
});
