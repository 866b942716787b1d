const { current } = require('../account');

function write(level) {
    return ({ title, details }) => current().logs.push({ level, title, details: String(details) });
}

module.exports = { debug: write('debug'), audit: write('audit'), error: write('error'), emergency: write('emergency') };
