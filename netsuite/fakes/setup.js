const { newAccount } = require('./account');
const { HOST_KEY } = require('./sftp_server');
const query = require('./modules/query');

const CONNECTION = {
    host: 'sftp.example.com', port: 22, user: 'netsuite', key: 'custkey_waybill', host_key: HOST_KEY, directory: 'netsuite',
};
const FOLDERS = { exp: 'purchaseorder/fulfillment', imp: 'purchaseorder/receipt', rec: 'purchaseorder/reconciliation' };

beforeAll(() => query.prepare());

beforeEach(() => {
    const account = newAccount();
    Object.entries(FOLDERS).forEach(([prefix, folder]) => {
        Object.entries({ ...CONNECTION, folder }).forEach(([name, value]) => {
            account.parameters[`custscript_wb_${prefix}_${name}`] = value;
        });
    });
});

afterEach(() => jest.useRealTimers());
