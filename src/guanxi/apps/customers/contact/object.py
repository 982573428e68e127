"""The contact: a person, with what they like and how they want to be reached."""

from __future__ import annotations

from guanxi.apps.customers.choices import CHANNELS, ORIGINS
from guanxi.apps.customers.contact.rules import SIGN_STARTS, check_birthday, sign_contact
from guanxi.base.i18n import L
from guanxi.kernel.catalog.declare import (
    address,
    boolean,
    c,
    choice,
    date,
    datetime_,
    email,
    files,
    formula,
    image,
    long_text,
    lookup,
    multi_choice,
    phone,
    tags,
    text,
    url,
)
from guanxi.kernel.catalog.model import Compare, Matching, MatchKey, Object, QualityCheck, Rule, Section

ZODIAC_ZH = (
    *("水瓶座", "双鱼座", "白羊座", "金牛座", "双子座", "巨蟹座"),
    *("狮子座", "处女座", "天秤座", "天蝎座", "射手座", "摩羯座"),
)
ZODIAC = tuple(c(key, L(key.capitalize(), zh)) for (_, key), zh in zip(SIGN_STARTS, ZODIAC_ZH, strict=True))

SEXES = (c("male", L("Male", "男")), c("female", L("Female", "女")), c("other", L("Other", "其他")))

INTERESTS = (
    c("sport", L("Sport", "运动")),
    c("travel", L("Travel", "旅行")),
    c("reading", L("Reading", "阅读")),
    c("music", L("Music", "音乐")),
    c("food", L("Food", "美食")),
    c("tea", L("Tea", "茶")),
    c("photography", L("Photography", "摄影")),
    c("technology", L("Technology", "科技")),
    c("cars", L("Cars", "汽车")),
    c("family", L("Family", "亲子")),
    c("investing", L("Investing", "理财")),
    c("games", L("Games", "游戏")),
)

CONTENT = (
    c("cases", L("Case studies", "客户案例")),
    c("technical", L("Technical papers", "技术资料")),
    c("news", L("Product news", "新品动态")),
    c("offers", L("Offers", "优惠")),
    c("events", L("Events", "活动邀请")),
    c("video", L("Video", "视频")),
)

AGE = (
    "year(today()) - year(birthday)"
    " - if(month(today()) * 100 + day(today()) < month(birthday) * 100 + day(birthday), 1, 0)"
)

FIELDS = (
    text("name", L("Name", "姓名"), required=True),
    text("name_en", L("English name", "英文名")),
    lookup("account", L("Account", "客户"), to="account"),
    text("title", L("Job title", "职务")),
    text("department", L("Department", "部门")),
    lookup("reports_to", L("Reports to", "上级"), to="contact", inverse=L("Direct reports", "下属")),
    phone("mobile", L("Mobile", "手机"), sensitive=True),
    phone("phone", L("Phone", "电话")),
    email("email", L("E-mail", "邮箱")),
    text("wechat", L("WeChat", "微信号"), pinyin=False),
    url("linkedin", L("LinkedIn", "领英")),
    text("weibo", L("Weibo", "微博"), pinyin=False),
    text("douyin", L("Douyin", "抖音号"), pinyin=False),
    choice("sex", L("Sex", "性别"), *SEXES),
    date("birthday", L("Birthday", "生日")),
    formula("age", L("Age", "年龄"), formula=AGE, result="integer"),
    choice("zodiac", L("Zodiac sign", "星座"), *ZODIAC),
    text("occupation", L("Occupation", "职业")),
    text(
        "id_number",
        L("ID number", "身份证号"),
        max_length=40,
        check="identity",
        encrypted=True,
        sensitive=True,
        help=L("Identity card or passport. Stored encrypted.", "身份证或护照号，加密存放。"),
    ),
    multi_choice("interests", L("Interests", "兴趣爱好"), *INTERESTS),
    multi_choice("channels", L("Prefers to be reached by", "渠道偏好"), *CHANNELS),
    choice(
        "contact_time",
        L("Best time", "方便时间"),
        c("morning", L("Morning", "上午")),
        c("afternoon", L("Afternoon", "下午")),
        c("evening", L("Evening", "晚上")),
        c("weekend", L("Weekend", "周末")),
    ),
    text("communication", L("How to talk to them", "沟通偏好")),
    text("product_preference", L("Product preference", "产品偏好")),
    multi_choice("content_preference", L("Content preference", "内容偏好"), *CONTENT),
    text("attention", L("Cares about", "关注因素")),
    multi_choice(
        "kinds",
        L("Kinds", "客户类型"),
        c("individual", L("Individual customer", "个人客户")),
        c("enterprise", L("At an enterprise", "企业用户")),
        c("high_value", L("High value", "高价值")),
        c("active", L("Active", "活跃")),
        c("member", L("Member", "会员")),
    ),
    lookup("customer_class", L("Class", "分类"), to="customer_class"),
    lookup("grade", L("Grade", "评级"), to="customer_grade"),
    choice("origin", L("Came from", "客户来源"), *ORIGINS),
    tags("tags", L("Tags", "标签")),
    boolean("do_not_call", L("Do not call", "不要打电话"), default=False),
    address("address", L("Address", "地址")),
    text("next_step", L("Next step", "下一步")),
    date("next_step_on", L("Next step on", "下一步日期")),
    datetime_("last_activity_at", L("Last contact", "上次联系"), history=False),
    boolean("archived", L("Archived", "已归档"), default=False),
    long_text("description", L("Notes on the person", "备注")),
    image("image", L("Picture", "照片")),
    files("files", L("Files", "文件")),
)

FORM = (
    Section(
        L("Person", "个人"), ("name", "name_en", "sex", "birthday", "age", "zodiac", "occupation", "id_number", "image")
    ),
    Section(L("Work", "工作"), ("account", "title", "department", "reports_to")),
    Section(L("Reach", "联系方式"), ("mobile", "phone", "email", "wechat", "address", "do_not_call")),
    Section(L("Kinds", "类型"), ("kinds", "customer_class", "grade", "origin", "tags", "archived")),
    Section(
        L("Preferences", "偏好"),
        (
            "interests",
            "channels",
            "contact_time",
            "communication",
            "product_preference",
            "content_preference",
            "attention",
        ),
    ),
    Section(L("Next", "下一步"), ("next_step", "next_step_on", "last_activity_at")),
    Section(L("Elsewhere", "社交账号"), ("linkedin", "weibo", "douyin"), folded=True),
    Section(L("More", "更多"), ("description", "files"), folded=True),
)

NAMES, PHONES = ("name", "name_en"), ("mobile", "phone")
MATCHING = Matching(
    keys=(
        MatchKey("phone", L("Same phone", "电话相同"), ((PHONES, "phone"),), 92),
        MatchKey("email", L("Same e-mail", "邮箱相同"), ((("email",), "email"),), 95),
        MatchKey("wechat", L("Same WeChat", "微信号相同"), ((("wechat",), "code"),), 95),
        MatchKey(
            "name_account",
            L("Same name at the same account", "同一客户下姓名相同"),
            ((NAMES, "person_sound"), (("account",), "ref")),
        ),
        MatchKey(
            "name_city", L("Same name, same city", "姓名和城市相同"), ((NAMES, "person_sound"), (("address",), "city"))
        ),
    ),
    compare=(
        Compare(NAMES, "person", 30),
        Compare(PHONES, "phone", 30),
        Compare(("email",), "email", 25),
        Compare(("wechat",), "code", 20),
        Compare(("account",), "ref", 20),
        Compare(("address",), "city", 5),
    ),
    enough=50,
)

CONTACT = Object(
    "contact",
    L("Contact", "联系人"),
    L("Contacts", "联系人"),
    fields=FIELDS,
    subtitle=("title", "account"),
    columns=("name", "account", "title", "mobile", "email", "last_activity_at", "tags", "owner"),
    form=FORM,
    quick=("name", "account", "mobile", "title"),
    figures=("account", "last_activity_at", "next_step", "age"),
    filters=("kinds", "origin", "sex", "grade"),
    sorts=("name", "birthday", "last_activity_at", "created_at", "updated_at"),
    rules=(Rule(sign_contact), Rule(check_birthday, phase="check")),
    timeline="account",
    matching=MATCHING,
    quality=(
        QualityCheck(
            "born",
            "accuracy",
            L("Birthday in the future", "生日在将来"),
            "birthday > today()",
            "not is_empty(birthday)",
        ),
    ),
    search=("name", "name_en", "mobile", "phone", "email", "wechat"),
    icon="address-book",
    area="customers",
)
