// What `import Martlet` brings: all that an app's author writes with.
@_exported import HTTPTypes
@_exported import Logging
@_exported import MartletCore
@_exported import MartletEventStream
@_exported import MartletMiddleware
@_exported import MartletServer
