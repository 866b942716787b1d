const stub = require('@oracle/suitecloud-unit-testing/stubs/format/format');
const { current } = require('../account');

/** Dates as an American user's preferences have them: `11/20/2026`, and `11/20/2026 6:15 pm`. */
function format({ value, type, timezone }) {
    const parts = Object.fromEntries(new Intl.DateTimeFormat('en-US', {
        timeZone: timezone || current().preferences.zone,
        year: 'numeric', month: 'numeric', day: 'numeric', hour: 'numeric', minute: '2-digit', hour12: true,
    }).formatToParts(value).map((part) => [part.type, part.value]));
    const day = `${parts.month}/${parts.day}/${parts.year}`;
    return type === stub.Type.DATE ? day : `${day} ${parts.hour}:${parts.minute} ${parts.dayPeriod.toLowerCase()}`;
}

function parse({ value, type, timezone }) {
    const found = /^(\d+)\/(\d+)\/(\d+)(?: (\d+):(\d+) (am|pm))?$/.exec(value);
    if (!found || (type !== stub.Type.DATE && !found[6])) {
        return value;
    }
    const [month, day, year, hour, minute] = found.slice(1, 6).map((part) => Number(part ?? 0));
    const hours = (hour % 12) + (found[6] === 'pm' ? 12 : 0);
    return instant(Date.UTC(year, month - 1, day, hours, minute), timezone || current().preferences.zone);
}

/** The moment at which the clock of a zone shows what the clock in UTC shows at another. */
function instant(shownAsUtc, zone) {
    const offsetAt = (moment) => {
        const text = new Intl.DateTimeFormat('en-US', { timeZone: zone, timeZoneName: 'longOffset' }).format(moment);
        const [, sign, hours, minutes] = /GMT(?:([+-])(\d\d):(\d\d))?$/.exec(text);
        return sign ? Number(`${sign}1`) * (Number(hours) * 60 + Number(minutes)) * 60000 : 0;
    };
    const first = shownAsUtc - offsetAt(shownAsUtc);
    return new Date(shownAsUtc - offsetAt(first));
}

module.exports = { format, parse, Type: stub.Type, Timezone: stub.Timezone };
