"""Names and sentences the sample company is made of. All invented; likeness to real firms or people is chance."""

from __future__ import annotations

STEMS = (
    *(("禾木", "Hemu"), ("博川", "Bochuan"), ("云杉", "Yunshan"), ("澜图", "Lantu"), ("启衡", "Qiheng")),
    *(("海棠", "Haitang"), ("青禾", "Qinghe"), ("南屿", "Nanyu"), ("松陵", "Songling"), ("汀兰", "Tinglan")),
    *(("丘山", "Qiushan"), ("浮槎", "Fucha"), ("砚池", "Yanchi"), ("远帆", "Yuanfan"), ("星垣", "Xingyuan")),
    *(("墨池", "Mochi"), ("柏舟", "Bozhou"), ("晴岚", "Qinglan"), ("鹿鸣", "Luming"), ("采薇", "Caiwei")),
    *(("望舒", "Wangshu"), ("子衿", "Zijin"), ("维桑", "Weisang"), ("景行", "Jinghang"), ("若木", "Ruomu")),
    *(("扶摇", "Fuyao"), ("沧浪", "Canglang"), ("江离", "Jiangli"), ("辛夷", "Xinyi"), ("杜若", "Duruo")),
    *(("石兰", "Shilan"), ("木樨", "Muxi"), ("银杏", "Yinxing"), ("白桦", "Baihua"), ("苍松", "Cangsong")),
    *(("赤水", "Chishui"), ("黛湖", "Daihu"), ("靛川", "Dianchuan"), ("栎阳", "Liyang"), ("梓桐", "Zitong")),
)

TRADES = (
    ("automation", "智能装备", "Intelligent Equipment", "产线自动化"),
    ("machinery", "机械", "Machinery", "机床上下料"),
    ("automotive", "汽车零部件", "Auto Parts", "焊装线"),
    ("electronics", "电子", "Electronics", "检测工位"),
    ("semiconductor", "半导体", "Semiconductor", "洁净输送"),
    ("new_energy", "新能源", "New Energy", "电芯模组线"),
    ("chemicals", "新材料", "New Materials", "立体仓"),
    ("pharma", "制药", "Pharmaceutical", "包装产线"),
    ("medical", "医疗器械", "Medical Devices", "装配检测"),
    ("food", "食品", "Foods", "码垛包装"),
    ("textile", "纺织", "Textiles", "MES 接口"),
    ("packaging", "包装", "Packaging", "产线改造"),
    ("logistics", "物流", "Logistics", "分拣系统"),
    ("agriculture", "农机", "Farm Machinery", "装配线"),
    ("construction", "建材", "Building Materials", "搬运机器人"),
)

CITIES = (
    *(("苏州", "Suzhou", "江苏省", "苏州市", "0512", "east"), ("无锡", "Wuxi", "江苏省", "无锡市", "0510", "east")),
    *(("南京", "Nanjing", "江苏省", "南京市", "025", "east"), ("上海", "Shanghai", "上海市", "", "021", "east")),
    *(("杭州", "Hangzhou", "浙江省", "杭州市", "0571", "east"), ("宁波", "Ningbo", "浙江省", "宁波市", "0574", "east")),
    *(("合肥", "Hefei", "安徽省", "合肥市", "0551", "east"), ("广州", "Guangzhou", "广东省", "广州市", "020", "south")),
    *(
        ("深圳", "Shenzhen", "广东省", "深圳市", "0755", "south"),
        ("东莞", "Dongguan", "广东省", "东莞市", "0769", "south"),
    ),
    *(("佛山", "Foshan", "广东省", "佛山市", "0757", "south"), ("厦门", "Xiamen", "福建省", "厦门市", "0592", "south")),
    *(("北京", "Beijing", "北京市", "", "010", "north"), ("天津", "Tianjin", "天津市", "", "022", "north")),
    *(("青岛", "Qingdao", "山东省", "青岛市", "0532", "north"), ("济南", "Jinan", "山东省", "济南市", "0531", "north")),
)

FOREIGN = (
    ("Alder & Finch GmbH", "packaging", "Germany"),
    ("Brightwater Foods Ltd.", "food", "United Kingdom"),
    ("Calloway Instruments Inc.", "medical", "United States"),
    ("Dunmore Textiles Ltd.", "textile", "Ireland"),
    ("Esterhof Maschinen GmbH", "machinery", "Germany"),
    ("Fjordline Logistics AS", "logistics", "Norway"),
    ("Granholm Batteri AB", "new_energy", "Sweden"),
    ("Harrow & Pike Automotive", "automotive", "United Kingdom"),
    ("Ishikawa-Minami Seiki", "machinery", "Japan"),
    ("Juniper Lane Pharma B.V.", "pharma", "Netherlands"),
    ("Kestrel Packaging Pty", "packaging", "Australia"),
    ("Lindqvist Foods AB", "food", "Sweden"),
    ("Maple Ridge Agri Corp.", "agriculture", "Canada"),
    ("Northgate Semicon Pte", "semiconductor", "Singapore"),
    ("Oakhurst Plastics LLC", "chemicals", "United States"),
    ("Piedmont Electronics S.r.l.", "electronics", "Italy"),
)

SURNAMES = (
    *(("王", "Wang"), ("李", "Li"), ("张", "Zhang"), ("刘", "Liu"), ("陈", "Chen"), ("杨", "Yang"), ("赵", "Zhao")),
    *(("黄", "Huang"), ("周", "Zhou"), ("吴", "Wu"), ("徐", "Xu"), ("孙", "Sun"), ("胡", "Hu"), ("朱", "Zhu")),
    *(("高", "Gao"), ("林", "Lin"), ("何", "He"), ("郭", "Guo"), ("马", "Ma"), ("罗", "Luo"), ("梁", "Liang")),
    *(("宋", "Song"), ("郑", "Zheng"), ("谢", "Xie"), ("韩", "Han"), ("唐", "Tang"), ("冯", "Feng"), ("许", "Xu")),
)
GIVEN = {
    "male": (
        *(("建国", "Jianguo"), ("志强", "Zhiqiang"), ("伟", "Wei"), ("明远", "Mingyuan"), ("浩然", "Haoran")),
        *(("俊杰", "Junjie"), ("一航", "Yihang"), ("文博", "Wenbo"), ("子轩", "Zixuan"), ("国栋", "Guodong")),
        *(("海波", "Haibo"), ("立新", "Lixin"), ("晓峰", "Xiaofeng"), ("天宇", "Tianyu"), ("思远", "Siyuan")),
    ),
    "female": (
        *(("敏", "Min"), ("丽华", "Lihua"), ("慧敏", "Huimin"), ("晓雯", "Xiaowen"), ("静怡", "Jingyi")),
        *(("雨桐", "Yutong"), ("佳宁", "Jianing"), ("秀英", "Xiuying"), ("婷婷", "Tingting"), ("思琪", "Siqi")),
        *(("若兰", "Ruolan"), ("梦洁", "Mengjie"), ("薇", "Wei"), ("楠", "Nan"), ("雪", "Xue")),
    ),
}
WESTERN = (
    *("Anna Berg", "Peter Vogel", "Claire Dunn", "Tom Harrow", "Ingrid Holm", "Marco Bassi", "Yuki Tanabe"),
    *("Lars Nyberg", "Emily Stone", "Oliver Kemp", "Sofia Marin", "Daniel Roth", "Grace Lim", "Henrik Aas"),
)

POSTS = (
    ("采购总监", "采购部", "decision_maker"),
    ("采购经理", "采购部", "purchasing"),
    ("设备部经理", "设备部", "influencer"),
    ("工艺工程师", "工艺部", "user"),
    ("生产总监", "生产部", "decision_maker"),
    ("研发经理", "研发部", "influencer"),
    ("财务经理", "财务部", "finance"),
    ("总经理", "总经办", "decision_maker"),
    ("总经理助理", "总经办", "gatekeeper"),
    ("车间主任", "生产部", "champion"),
)

PRODUCTS = (
    ("伺服电机 60ST", "Servo motor 60ST", "SV-60", "motion", "SV", 3200, 2100, "piece"),
    ("伺服电机 110ST", "Servo motor 110ST", "SV-110", "motion", "SV", 6800, 4300, "piece"),
    ("伺服驱动器 D3", "Servo drive D3", "DR-D3", "motion", "DR", 4500, 2900, "piece"),
    ("运动控制器 MC8", "Motion controller MC8", "MC-8", "motion", "MC", 12800, 7600, "piece"),
    ("直线模组 L200", "Linear module L200", "LM-200", "motion", "LM", 8600, 5700, "piece"),
    ("六轴机器人 R6", "Six-axis robot R6", "RB-06", "robot", "RB", 98000, 71000, "machine"),
    ("六轴机器人 R20", "Six-axis robot R20", "RB-20", "robot", "RB", 168000, 121000, "machine"),
    ("SCARA 机器人 S4", "SCARA robot S4", "RB-S4", "robot", "RB", 62000, 44000, "machine"),
    ("AGV 小车 A500", "AGV A500", "AG-500", "robot", "AG", 128000, 93000, "machine"),
    ("码垛工作站", "Palletising cell", "ST-PL", "station", "ST", 460000, 335000, "set"),
    ("视觉检测工位", "Vision inspection cell", "ST-VI", "station", "ST", 235000, 158000, "set"),
    ("自动装配线", "Assembly line", "LN-AS", "station", "LN", 1680000, 1240000, "line"),
    ("立体仓库一期", "High-bay store, phase 1", "LN-HB", "station", "LN", 2150000, 1600000, "set"),
    ("产线改造", "Line refit", "SV-RF", "service", "SR", 320000, 210000, "set"),
    ("年度维保", "Yearly maintenance", "SV-MT", "service", "SR", 86000, 42000, "year"),
    ("MES 接口", "MES interface", "SW-ME", "software", "SW", 138000, 56000, "set"),
    ("数据采集软件", "Data collection software", "SW-DC", "software", "SW", 68000, 18000, "licence"),
    ("备件框架协议", "Spare parts agreement", "SV-SP", "service", "SR", 150000, 98000, "year"),
)
CATEGORIES = (
    ("motion", "运动控制", "Motion control"),
    ("robot", "机器人", "Robots"),
    ("station", "工作站与产线", "Cells and lines"),
    ("software", "软件", "Software"),
    ("service", "服务", "Services"),
)

ORIGINS = (
    *(("referral", 20), ("exhibition", 18), ("website", 17), ("search", 12)),
    *(("wechat", 11), ("cold_call", 9), ("partner", 8), ("tender", 5)),
)
COMPETITORS = ("北辰自控", "恒拓机电", "Vantor Robotics", "力行装备", "Kessel Automation")
TAGS = ("展会", "老客户", "高潜", "价格敏感", "需要样机", "集团客户", "出口", "技术标杆")

CALL_LINES = (
    "型号定了 60ST，周五给新报价。",
    "对方在比三家，最在意交期。",
    "节拍要到 12 秒，约了下周看样机。",
    "预算要等集团批，月底再联系。",
    "采购换人了，新对接人姓何。",
    "技术协议没意见，卡在付款条件，想要月结 45 天。",
    "三号线 12 月停机，只有那一周能进场。",
    "上一家供应商售后跟不上，想换。",
    "没接通，发了微信。",
    "要我们补一份同行业案例。",
    "价格还差 8 个点，回去算成本。",
    "现场电源是 380V，柜体尺寸要改。",
)
CALL_LINES_EN = (
    "They compare three suppliers; delivery time decides.",
    "Cycle time must reach 12 seconds, sample visit next week.",
    "Budget needs the board's approval, call again at month's end.",
    "Wants a reference from the same trade.",
    "Terms agreed, legal is reading the contract.",
)
TASK_LINES = (
    ("给{who}回电，确认型号", "call"),
    ("把新报价发给{who}", "quote"),
    ("给{who}寄样件", "sample"),
    ("约{who}来看样机", "call"),
    ("跟{who}确认付款条件", "call"),
    ("把技术协议发给{who}", "mail"),
    ("微信问{who}预算批了没有", "wechat"),
    ("拜访{who}，看现场布局", "visit"),
)
COMMENTS = (
    "@{who} 这家的付款条件先别松口，我跟财务对一下。",
    "@{who} 上次同类项目的毛利可以参考，附件里有。",
    "这个客户集团今年还有两条线，值得多花时间。",
    "@{who} 售后排了工程师，周三可以到现场。",
    "竞争对手报了低价，但交期要 14 周，我们 9 周。",
    "@{who} 需要我一起去拜访就说。",
)
NEXT_STEPS = ("发新报价", "约技术交流", "等集团批预算", "寄样件", "确认付款条件", "看现场", "过法务", "约总经理", "")
