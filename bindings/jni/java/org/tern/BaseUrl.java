package org.tern;

/** The base of the URLs of a server. */
final class BaseUrl {
    private BaseUrl() {
    }

    /** Without the slash at its end; only https is one. */
    static String checked(String base) {
        if (!base.regionMatches(true, 0, "https://", 0, 8)) {
            throw new TernException(ErrorCode.TLS, "the URL is not https");
        }
        return base.endsWith("/") ? base.substring(0, base.length() - 1) : base;
    }
}
