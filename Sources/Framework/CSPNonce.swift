extension Context {
    /// What lets inline scripts and styles of this response run under a content security policy: a value that nobody can
    /// guess, for their `nonce` attribute. It is made when it is first asked for, and is the same all through the request.
    ///
    ///     HTML("<script nonce=\"\(ctx.cspNonce)\">…</script>")
    ///
    /// `SecurityHeaders` has the policy name it where the response is ready: what a streamed body asks for comes too late,
    /// unless it was asked for before.
    public var cspNonce: String { keptValue(CSPNonce.self) { CSPNonce.make() } }

    /// The nonce, where something has asked for it.
    package var cspNonceInUse: String? { self[CSPNonce.self] }
}

private enum CSPNonce: ContextKey {
    typealias Value = String

    /// 128 bits of the system's generator in base64url (CSP, section 2.3.1, takes either alphabet).
    static func make() -> String {
        var generator = SystemRandomNumberGenerator()
        var bits = (generator.next() as UInt64, generator.next() as UInt64)
        var text: [UInt8] = []
        text.reserveCapacity(22)
        for _ in 0..<22 {
            text.append(alphabet[Int(bits.1 & 63)])
            bits.1 = bits.1 >> 6 | bits.0 << 58
            bits.0 >>= 6
        }
        return String(decoding: text, as: UTF8.self)
    }

    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)
}
