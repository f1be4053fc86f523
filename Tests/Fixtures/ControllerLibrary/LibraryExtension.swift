import Martlet

@Actions extension LibraryController {
    /// Under the prefix of a type in another file.
    func again() -> String { "a library's extension" }
}
