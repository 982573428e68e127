"""Choices that several customer objects share."""

from __future__ import annotations

from guanxi.base.i18n import L
from guanxi.kernel.catalog.declare import c

INDUSTRIES = (
    c("automation", L("Automation equipment", "自动化设备")),
    c("machinery", L("Machinery", "机械制造")),
    c("automotive", L("Automotive", "汽车及零部件")),
    c("electronics", L("Electronics", "电子电气")),
    c("semiconductor", L("Semiconductors", "半导体")),
    c("new_energy", L("New energy", "新能源")),
    c("chemicals", L("Chemicals", "化工")),
    c("pharma", L("Pharmaceuticals", "医药")),
    c("medical", L("Medical", "医疗器械与健康")),
    c("food", L("Food and drink", "食品饮料")),
    c("textile", L("Textiles", "纺织服装")),
    c("packaging", L("Packaging and printing", "包装印刷")),
    c("logistics", L("Logistics", "物流仓储")),
    c("construction", L("Construction", "建筑工程")),
    c("agriculture", L("Agriculture", "农业")),
    c("retail", L("Retail", "零售")),
    c("hospitality", L("Hotels and restaurants", "餐饮住宿")),
    c("education", L("Education", "教育")),
    c("government", L("Government", "政府与事业单位")),
    c("finance", L("Finance", "金融")),
    c("real_estate", L("Real estate", "房地产")),
    c("software", L("Software", "软件")),
    c("technology", L("Technology", "科技")),
    c("telecommunications", L("Telecommunications", "电信")),
    c("entertainment", L("Entertainment", "文化娱乐")),
    c("marketing", L("Marketing", "广告营销")),
    c("services", L("Services", "专业服务")),
    c("employment", L("Employment", "人力资源")),
    c("other", L("Other", "其他")),
)

ORIGINS = (
    c("referral", L("Referral", "老客户介绍")),
    c("website", L("Website", "官网")),
    c("exhibition", L("Trade fair", "展会")),
    c("wechat", L("WeChat", "微信")),
    c("search", L("Search engine", "搜索")),
    c("advertising", L("Advertising", "广告")),
    c("cold_call", L("Cold call", "陌生拜访与电话")),
    c("partner", L("Partner", "伙伴")),
    c("tender", L("Tender", "招投标")),
    c("event", L("Own event", "市场活动")),
    c("other", L("Other", "其他")),
)
"""Where a customer came from; how the *record* came in is the system field `source`."""

CHANNELS = (
    c("phone", L("Phone", "电话")),
    c("wechat", L("WeChat", "微信")),
    c("email", L("E-mail", "邮件")),
    c("sms", L("Text message", "短信")),
    c("visit", L("In person", "当面")),
)
