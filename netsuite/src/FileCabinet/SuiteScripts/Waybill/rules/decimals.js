/**
 * Decimal numbers as texts: what NetSuite computes in binary leaves here in plain digits, exactly or not at all.
 *
 * @NApiVersion 2.1
 * @NModuleScope SameAccount
 */
define([], () => {
    /** Decimals that a quantity in a file may have. */
    const PLACES = 8;
    /** Digits that a binary number holds for certain; those beyond are noise. */
    const CERTAIN_DIGITS = 15;
    const SHAPE = /^(-?)(\d*)\.?(\d*)$/;

    /**
     * The number in plain digits: no exponent, no idle zeros, no noise of binary arithmetic.
     *
     * @param {number|string} value what a search, a query or a record tells
     * @returns {string} such as `2.5`
     * @throws {Error} it is no number
     */
    function plain(value) {
        const text = typeof value === 'number' ? ofBinary(value) : String(value).trim();
        const [shaped, sign, whole, decimals] = SHAPE.exec(text) || [];
        if (shaped === undefined || !(whole + decimals)) {
            throw new Error(`${text} is no plain number`);
        }
        const digits = whole.replace(/^0+(?=\d)/, '') || '0';
        const rest = decimals.replace(/0+$/, '');
        const magnitude = rest ? `${digits}.${rest}` : digits;
        return magnitude === '0' ? '0' : sign + magnitude;
    }

    function ofBinary(value) {
        const certain = Number(value.toPrecision(CERTAIN_DIGITS));
        return Math.abs(certain) < 1e-6 ? certain.toFixed(PLACES) : String(certain);
    }

    /**
     * What times a rate gives a number, such as the cases in so many pieces.
     *
     * @param {number|string} value the product
     * @param {number|string} rate above zero
     * @returns {string|null} null where no number of at most eight decimals gives it exactly
     */
    function quotient(value, rate) {
        const found = Number(plain(value)) / Number(plain(rate));
        if (!Number.isFinite(found)) {
            return null;
        }
        const candidate = plain(Number(found.toFixed(PLACES)));
        return product(candidate, plain(rate)) === plain(value) ? candidate : null;
    }

    /**
     * The exact product of two numbers that are not negative.
     *
     * @param {string} left plain digits
     * @param {string} right plain digits
     * @returns {string} plain digits, as many as it takes
     */
    function product(left, right) {
        const [a, b] = [left, right].map(digitsOf);
        const sums = new Array(a.length + b.length).fill(0);
        a.forEach((x, i) => b.forEach((y, j) => { sums[i + j + 1] += x * y; }));
        for (let place = sums.length - 1; place > 0; place -= 1) {
            sums[place - 1] += Math.floor(sums[place] / 10);
            sums[place] %= 10;
        }
        const places = decimalsOf(left) + decimalsOf(right);
        const whole = sums.slice(0, sums.length - places).join('');
        return plain(`${whole}.${sums.slice(sums.length - places).join('')}`);
    }

    function digitsOf(text) {
        return Array.from(text.replace('.', ''), Number);
    }

    function decimalsOf(text) {
        return (text.split('.')[1] || '').length;
    }

    /**
     * The quantity as NetSuite takes it.
     *
     * @param {string|number} value plain digits
     * @returns {number|null} null where it is negative, no number, or has more digits than a binary number keeps
     */
    function exactNumber(value) {
        const text = typeof value === 'number' ? String(value) : value;
        if (typeof text !== 'string' || !/^\d+(\.\d+)?$/.test(text)) {
            return null;
        }
        const exact = plain(text);
        const kept = digitsOf(exact).length <= CERTAIN_DIGITS && decimalsOf(exact) <= PLACES;
        return kept ? Number(exact) : null;
    }

    return { plain, quotient, product, exactNumber };
});
