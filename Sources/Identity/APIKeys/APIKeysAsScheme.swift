import MartletMiddleware

extension AuthenticationScheme where Self == APIKeyScheme {
    /// Keys that `APIKey` has made, in the field `Authorization: Bearer …` or `X-API-Key`.
    public static func apiKeys(_ store: some APIKeyStore) -> APIKeyScheme {
        .apiKeys(store, hash: { APIKey($0)?.hash })
    }
}
