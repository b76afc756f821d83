// DOMException and QuotaExceededError (Web IDL, section 2.8.1 and 4.3 to 4.4).
(function (bridge) {
    'use strict';

    const exceptions = bridge.group('exceptions');
    const { defineProperty, setPrototypeOf } = Object;
    const ErrorType = Error;

    // The constants by their values, and the names that have such a code.
    const codes = [
        ['INDEX_SIZE_ERR', 'IndexSizeError'], ['DOMSTRING_SIZE_ERR'],
        ['HIERARCHY_REQUEST_ERR', 'HierarchyRequestError'],
        ['WRONG_DOCUMENT_ERR', 'WrongDocumentError'], ['INVALID_CHARACTER_ERR', 'InvalidCharacterError'],
        ['NO_DATA_ALLOWED_ERR'], ['NO_MODIFICATION_ALLOWED_ERR', 'NoModificationAllowedError'],
        ['NOT_FOUND_ERR', 'NotFoundError'], ['NOT_SUPPORTED_ERR', 'NotSupportedError'],
        ['INUSE_ATTRIBUTE_ERR', 'InUseAttributeError'], ['INVALID_STATE_ERR', 'InvalidStateError'],
        ['SYNTAX_ERR', 'SyntaxError'], ['INVALID_MODIFICATION_ERR', 'InvalidModificationError'],
        ['NAMESPACE_ERR', 'NamespaceError'], ['INVALID_ACCESS_ERR', 'InvalidAccessError'], ['VALIDATION_ERR'],
        ['TYPE_MISMATCH_ERR', 'TypeMismatchError'], ['SECURITY_ERR', 'SecurityError'], ['NETWORK_ERR', 'NetworkError'],
        ['ABORT_ERR', 'AbortError'], ['URL_MISMATCH_ERR', 'URLMismatchError'],
        ['QUOTA_EXCEEDED_ERR', 'QuotaExceededError'], ['TIMEOUT_ERR', 'TimeoutError'],
        ['INVALID_NODE_TYPE_ERR', 'InvalidNodeTypeError'], ['DATA_CLONE_ERR', 'DataCloneError'],
    ];
    const codeOf = { __proto__: null };

    // The fields are put on an object that Error has made: it has a stack, and the interface does not inherit from the
    // Error constructor.
    class Fields extends function same(object) { return object; } {
        #message;
        #name;

        constructor(object, message, name) {
            super(object);
            this.#message = message;
            this.#name = name;
        }

        static has(value) { return typeof value === 'object' && value !== null && #name in value; }
        static messageOf(value) { return value.#message; }
        static nameOf(value) { return value.#name; }
    }
    const { has, messageOf, nameOf } = Fields;

    function DOMException(message = '', name = 'Error') {
        if (new.target === undefined) throw new TypeError('DOMException is a constructor; call it with new');
        const text = `${message}`.toWellFormed();
        return new Fields(setPrototypeOf(new ErrorType(), new.target.prototype), text, `${name}`);
    }
    const members = {
        get message() { return messageOf(this); },
        get name() { return nameOf(this); },
        get code() { return codeOf[nameOf(this)] ?? 0; },
    };
    defineProperty(DOMException, 'prototype', {
        __proto__: null, value: Object.create(ErrorType.prototype), writable: false,
    });
    defineProperty(DOMException.prototype, 'constructor', {
        __proto__: null, value: DOMException, writable: true, enumerable: false, configurable: true,
    });
    for (const name of Object.keys(members)) {
        defineProperty(DOMException.prototype, name, {
            __proto__: null, get: Object.getOwnPropertyDescriptor(members, name).get, enumerable: true,
            configurable: true,
        });
    }
    codes.forEach(([constant, name], index) => {
        if (name !== undefined) codeOf[name] = index + 1;
        const value = { __proto__: null, value: index + 1, enumerable: true };
        defineProperty(DOMException, constant, value);
        defineProperty(DOMException.prototype, constant, value);
    });

    const isFinite = Number.isFinite;

    /** An optional count of a dictionary; null when it is missing. */
    function amount(options, member) {
        const value = options?.[member];
        if (value === undefined) return null;
        const number = Number(value);
        if (!isFinite(number)) throw new TypeError(`${member} must be a finite number`);
        if (number < 0) throw new RangeError(`${member} must be 0 or more`);
        return number;
    }

    class QuotaExceededError extends DOMException {
        #quota;
        #requested;

        constructor(message = '', options = {}) {
            super(message, 'QuotaExceededError');
            if (options !== null && options !== undefined && typeof options !== 'object' &&
                typeof options !== 'function') throw new TypeError('the options must be an object');
            this.#quota = amount(options, 'quota');
            this.#requested = amount(options, 'requested');
            if (this.#quota !== null && this.#requested !== null && this.#requested < this.#quota) {
                throw new RangeError('requested must not be less than quota');
            }
        }

        get quota() { return this.#quota; }
        get requested() { return this.#requested; }

        static { exceptions.isQuotaError = (value) => #quota in value; }
    }
    bridge.enumerate(QuotaExceededError, ['quota', 'requested']);
    bridge.brand(DOMException, 'DOMException');
    bridge.brand(QuotaExceededError, 'QuotaExceededError');
    exceptions.DOMException = DOMException;
    exceptions.QuotaExceededError = QuotaExceededError;
    bridge.DOMException = DOMException;

    /** The copy of an exception that structuredClone makes; undefined for anything else. */
    exceptions.copy = function copy(value) {
        if (!has(value)) return undefined;
        if (!exceptions.isQuotaError(value)) return new DOMException(messageOf(value), nameOf(value));
        const { quota, requested } = value;
        return new QuotaExceededError(messageOf(value), {
            __proto__: null, quota: quota ?? undefined, requested: requested ?? undefined,
        });
    };
})
