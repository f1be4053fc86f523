extension MessageTable {
    /// The texts of the framework in Chinese.
    static let chinese: [String: String] = [
        "The request has fields that are missing or not valid.": "请求中有缺失或无效的字段。",
        "The request has fields that are missing or not valid. {hint}": "请求中有缺失或无效的字段。{hint}",
        "The request has fields whose values are not allowed.": "请求中有字段的值不符合要求。",
        "The body looks like JSON, and its Content-Type says application/x-www-form-urlencoded: send it as application/json.":
            "请求体看起来是 JSON，但 Content-Type 为 application/x-www-form-urlencoded：请以 application/json 发送。",
        "Only the first {count} errors are listed.": "仅列出前 {count} 个错误。",

        // What could not be read.
        "is required": "必填",
        "is not valid": "无效",
        "is given {count} times": "出现了 {count} 次",
        "is not one of the values that are allowed here": "不是允许的值",
        "has too few elements": "元素太少",
        "must be {expectation}": "必须是{expectation}",
        "must be one of: {values}": "必须是以下之一：{values}",
        "must be an object, which only a JSON body can hold": "必须是对象，只有 JSON 请求体可以包含",
        "must not be a file": "不能是文件",
        "each {problem}": "每一项{problem}",
        "a string": "文本",
        "true or false": "true 或 false",
        "a whole number": "整数",
        "a whole number from {min} to {max}": "{min} 到 {max} 之间的整数",
        "a whole number that is not negative": "非负整数",
        "a number": "数字",
        "a UUID": "UUID",
        "a date in ISO 8601": "ISO 8601 格式的日期",
        "a URL": "URL",
        "an object": "对象",
        "an array": "数组",

        // Rules.
        "must be from {min} to {max}": "必须在 {min} 到 {max} 之间",
        "must be at least {min}": "不能小于 {min}",
        "must be at most {max}": "不能大于 {max}",
        "must not be empty": "不能为空",
        "must have at least {min} characters": "至少需要 {min} 个字符",
        "must have at most {max} characters": "最多 {max} 个字符",
        "must have exactly {count} characters": "必须为 {count} 个字符",
        "must have from {min} to {max} characters": "必须有 {min} 到 {max} 个字符",
        "must have at least {min} elements": "至少需要 {min} 项",
        "must have at most {max} elements": "最多 {max} 项",
        "must have exactly {count} elements": "必须为 {count} 项",
        "must have from {min} to {max} elements": "必须有 {min} 到 {max} 项",
        "must have at most {max} bytes": "最多 {max} 个字节",
        "does not have the form that is asked for": "格式不正确",
        "is one of the most common passwords": "是最常见的密码之一",
        "must not be the name of the user": "不能与用户名相同",
        "an e-mail address": "电子邮件地址",
        "a URL that begins with http:// or https://": "以 http:// 或 https:// 开头的 URL",
    ]
}
