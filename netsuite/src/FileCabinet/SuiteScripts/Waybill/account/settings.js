/**
 * Settings from the parameters of the script that runs. Each script has its own, told apart by a prefix.
 *
 * @NApiVersion 2.1
 * @NModuleScope SameAccount
 */
define(['N/runtime'], (runtime) => {
    const REQUIRED = ['host', 'user', 'host_key', 'folder'];
    const LOGINS = ['key', 'secret', 'password'];

    /**
     * What a script was told.
     *
     * @param {string} prefix `exp`, `imp` or `rec`
     * @returns {{get: function(string): string, isOn: function(string): boolean}} parameters by their short name, such as
     *     `host` for `custscript_wb_exp_host`; what is not set is empty
     */
    function read(prefix) {
        const script = runtime.getCurrentScript();
        const value = (name) => script.getParameter({ name: `custscript_wb_${prefix}_${name}` });
        return {
            get: (name) => String(value(name) ?? '').trim(),
            isOn: (name) => [true, 'T', 'true'].includes(value(name)),
        };
    }

    /**
     * The same, checked: SDF can not make a parameter mandatory.
     *
     * @param {string} prefix as for `read`
     * @returns {object} as `read` returns it
     * @throws {Error} what is needed is missing; the message names each parameter
     */
    function checked(prefix) {
        const settings = read(prefix);
        const missing = REQUIRED.filter((name) => !settings.get(name)).map((name) => `custscript_wb_${prefix}_${name}`);
        if (!LOGINS.some((name) => settings.get(name))) {
            missing.push(`one of ${LOGINS.map((name) => `custscript_wb_${prefix}_${name}`).join(', ')}`);
        }
        if (missing.length) {
            throw new Error(`set these parameters on the script deployment: ${missing.join('; ')}`);
        }
        return settings;
    }

    /**
     * Whether so many governance units are left to the stage that runs.
     *
     * @param {number} units what the next step takes at most
     * @returns {boolean} the step may be begun
     */
    function affords(units) {
        return runtime.getCurrentScript().getRemainingUsage() >= units;
    }

    return { read, checked, affords };
});
