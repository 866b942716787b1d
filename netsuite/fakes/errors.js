/** Errors as SuiteScript throws them, and the end of a script, which no script can catch for long. */

/** An error with NetSuite's name for it. */
class SuiteScriptError extends Error {
    constructor(name, message) {
        super(message);
        this.name = name;
    }
}

/** The server, the units or the time of a script ended; whatever it calls afterwards ends it again. */
class ScriptEnd extends Error {
    constructor(name) {
        super(`${name}: the script ends here`);
        this.name = name;
    }
}

module.exports = { SuiteScriptError, ScriptEnd };
