// The events that an app declares for both ends, `@ServerEvents`, come with the client.
@_exported import MartletEventStream
